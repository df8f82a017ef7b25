/** Everything the tool reads from and writes to its process. */
export interface ToolIo {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Results. */
  readonly stdout: (text: string) => void
  /** Complaints. */
  readonly stderr: (text: string) => void
  /** Reads a file named on the command line, as text. */
  readonly readFile: (path: string) => Promise<string>
  /** The time, in milliseconds since 1970. */
  readonly now: () => number
}
