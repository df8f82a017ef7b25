/**
 * What went wrong, as a closed set:
 * - `conf-invalid`: the plugin's own keys of the network configuration are wrong;
 * - `annotation-invalid`: an annotation of a selected pod has a value that is not allowed;
 * - `selection-invalid`: the text of a selection file is not one.
 */
export type PolicyErrorCode = 'conf-invalid' | 'annotation-invalid' | 'selection-invalid'

/** Why a decision could not be made. The message names the key, the value and what is allowed. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  /** Which kind of input was wrong. */
  readonly code: PolicyErrorCode
  /** Never: the same input always gives the same error. */
  readonly retryable = false

  constructor(code: PolicyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** How much of a wrong value an error message repeats, in characters. */
const SHOWN_VALUE = 120

/** Quotes a value for an error message: one line, bounded, no control characters as such. */
export function quoted(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined
  const text = json ?? String(value)
  return text.length <= SHOWN_VALUE ? text : `${text.slice(0, SHOWN_VALUE)}... (cut)`
}
