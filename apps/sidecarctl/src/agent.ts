import { agentClient, type AgentClient, type CallOptions, validateResponse } from '@proxy/agent-api'

/** Where the agent listens unless told otherwise. */
export const defaultSocket = '/run/proxy-agent/agent.sock'

/** The agent as the commands see it. */
export interface Agent {
  /** Speaks to it; answers are checked in full. */
  readonly client: AgentClient
  /** Limits of each call. */
  readonly limits: CallOptions
}

/** The agent behind a socket. */
export function agentAt(socketPath: string, timeoutMs: number): Agent {
  return { client: agentClient({ socketPath, validate: validateResponse }), limits: { timeoutMs } }
}
