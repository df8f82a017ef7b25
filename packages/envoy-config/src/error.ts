/** What can go wrong: the options are not usable. Nothing here touches the machine. */
export type EnvoyConfigErrorCode = 'config-invalid'

/** The one error of this package. */
export class EnvoyConfigError extends Error {
  override readonly name = 'EnvoyConfigError'
  /** Which kind of failure; switch on it. */
  readonly code: EnvoyConfigErrorCode

  /** Always false: the same options fail the same way. */
  readonly retryable = false

  constructor(code: EnvoyConfigErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
