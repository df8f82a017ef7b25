import { AgentApiError } from '@proxy/agent-api'
import { PolicyError } from '@proxy/policy'

/** What the exit code of the tool says. */
export const exitCodes = {
  /** Answered, and all is well. */
  ok: 0,
  /** Answered, and something is wrong: the agent is not ready, a sidecar failed, a value is bad. */
  problem: 1,
  /** The command line, or a file it names, cannot be used. */
  usage: 2,
  /** The agent cannot be reached, or does not answer as it should. */
  unreachable: 3,
  /** This user may not speak to the agent. */
  forbidden: 4,
} as const

/** See {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A file named on the command line that cannot be used. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The exit code of a failure, and the line that goes to stderr. */
export function failureOf(error: unknown): { readonly code: ExitCode; readonly line: string } {
  const line = error instanceof Error ? error.message : String(error)
  if (error instanceof UsageError) return { code: exitCodes.usage, line }
  if (error instanceof PolicyError) return { code: exitCodes.problem, line }
  if (!(error instanceof AgentApiError)) return { code: exitCodes.problem, line }
  switch (error.code) {
    case 'permission-denied':
      return { code: exitCodes.forbidden, line }
    case 'agent-absent':
    case 'timeout':
    case 'connection-lost':
    case 'bad-response':
    case 'aborted':
    case 'unsupported-version':
      return { code: exitCodes.unreachable, line }
    default:
      return { code: exitCodes.problem, line: `the agent says: ${line}` }
  }
}
