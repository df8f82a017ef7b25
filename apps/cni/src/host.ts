import { type AgentClient, type QueuedDelete } from '@proxy/agent-api/client'
import { type SelectionFile } from '@proxy/policy'
import { type LogEntry } from './log.ts'

/** Everything the plugin's verbs do to the machine. `process-host.ts` is the real one. */
export interface PluginHost {
  /** A client for the agent on a socket. */
  agent(socketPath: string): Promise<AgentClient>
  /** Reads the selection file; undefined when there is none, throws PolicyError when it is bad. */
  readSelection(path: string): SelectionFile | undefined
  /** Makes a deletion wait for the agent, durably. */
  enqueueDelete(directory: string, entry: QueuedDelete): Promise<unknown>
  /** Whether a file is the network namespace this process is in. */
  isOwnNetns(path: string): Promise<boolean>
  /** Writes one log line; never throws. */
  log(entry: LogEntry, conf: unknown): void
  /** How long this process runs, in milliseconds. */
  elapsedMs(): number
  /** The time, RFC 3339. */
  now(): string
}
