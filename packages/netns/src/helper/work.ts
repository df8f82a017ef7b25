import { type Answer } from '../protocol.ts'

/** A request the helper is working on. */
export interface Work {
  readonly result: Promise<Answer>
  /** Nobody waits for the result any more. */
  cancel(): void
}

/** Work that is done already. */
export function done(answer: Answer): Work {
  return { result: Promise.resolve(answer), cancel: () => undefined }
}
