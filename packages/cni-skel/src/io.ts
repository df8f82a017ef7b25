/** Where text goes. `process.stdout` is one. */
export interface TextSink {
  /** Takes a piece of text; what it returns is not looked at. */
  write(text: string): unknown
}

/** What a plugin's process has; everything a dispatcher reads or writes. */
export interface CniIo {
  /** The environment; only `CNI_*` is looked at. */
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Standard input, `process.stdin` or a function that reads it whole. Not touched for VERSION, nor
   * when the environment is wrong.
   */
  readonly stdin: AsyncIterable<Uint8Array | string> | (() => Promise<Uint8Array>)
  /** Standard output: one JSON document or nothing, never anything else. */
  readonly stdout: TextSink
  /** Standard error: for people. */
  readonly stderr: TextSink
  /**
   * Whether the file `netns` is the network namespace this process is in; false when there is no such
   * file. Asked after ADD and DEL, unless `CNI_NETNS_OVERRIDE` forbids; left out, nothing is checked.
   */
  readonly isOwnNetns?: (netns: string) => Promise<boolean>
  /** Most bytes that are read from stdin. Default 16 MiB: GC names every attachment of a node. */
  readonly maxStdinBytes?: number
}
