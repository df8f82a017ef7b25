import { type CommandRunner } from '../apply/backend.ts'

/** Everything that the command takes from its process and the machine. */
export interface CommandIo {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Results. */
  readonly stdout: (text: string) => void
  /** Complaints and remarks. */
  readonly stderr: (text: string) => void
  /** Standard input. */
  readonly stdin: {
    /** Whether a person types there. */
    readonly isTerminal: boolean
    /** All of it; empty when nothing was said within the time, if there is one. */
    readonly read: (firstWithinMs?: number) => Promise<string>
  }
  /** A file as text. */
  readonly readFile: (path: string) => Promise<string>
  /** Addresses of the interfaces of this network namespace, those of IPv4 first. */
  readonly addresses: () => readonly string[]
  /** Path of this Node, for programs of it that run beside. */
  readonly node: string
  /** Runs programs in this network namespace. */
  readonly runner: CommandRunner
}
