/** One fault of an input, precise enough to be shown to the person who wrote it. */
export interface SpecIssue {
  /** Where, as `excludeInboundPorts[1]`; empty for the whole input. */
  readonly path: string
  /** What was found there. */
  readonly value: unknown
  /** What is wrong and what is allowed, without path and value. */
  readonly message: string
}
