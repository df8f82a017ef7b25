/**
 * What can go wrong.
 * - `spec-invalid`: what was asked for is not usable.
 * - `binary-missing`: the Envoy file or a program of the launcher is not there or not executable.
 * - `netns-missing`: the path is not a network namespace (any more).
 * - `state-invalid`: the state directory cannot be used as it is; the message says what to do.
 * - `conflict`: this sidecar already runs from another spec: stop it first.
 * - `launch-failed`: the process did not become Envoy.
 * - `config-invalid`: Envoy refused its configuration.
 * - `port-in-use`: a listener could not have its port.
 * - `exited`: Envoy ended, for another reason.
 * - `listener-missing`: Envoy is live but does not have a listener it should have.
 * - `not-ready`: still not live when the time was over.
 * - `not-found`: there is no such sidecar.
 * - `admin-unreachable`, `admin-failed`: the admin socket does not answer, or not as expected.
 * - `stop-failed`: the process outlived SIGKILL (it hangs in the kernel).
 */
export type EnvoyRuntimeErrorCode =
  | 'spec-invalid'
  | 'binary-missing'
  | 'netns-missing'
  | 'state-invalid'
  | 'conflict'
  | 'launch-failed'
  | 'config-invalid'
  | 'port-in-use'
  | 'exited'
  | 'listener-missing'
  | 'not-ready'
  | 'not-found'
  | 'admin-unreachable'
  | 'admin-failed'
  | 'stop-failed'

const RETRYABLE: Readonly<Record<EnvoyRuntimeErrorCode, boolean>> = {
  'spec-invalid': false,
  'binary-missing': false,
  'netns-missing': false,
  'state-invalid': false,
  conflict: false,
  'launch-failed': true,
  'config-invalid': false,
  'port-in-use': true,
  exited: true,
  'listener-missing': true,
  'not-ready': true,
  'not-found': false,
  'admin-unreachable': true,
  'admin-failed': true,
  'stop-failed': true,
}

/** Details of an {@link EnvoyRuntimeError}. */
export interface EnvoyRuntimeErrorOptions {
  readonly cause?: unknown
  /** The last lines Envoy logged, oldest first. */
  readonly logLines?: readonly string[]
}

/** The one error of this package. */
export class EnvoyRuntimeError extends Error {
  override readonly name = 'EnvoyRuntimeError'
  /** Which kind of failure; switch on it. */
  readonly code: EnvoyRuntimeErrorCode
  /** The last lines Envoy logged, oldest first; empty where there are none. */
  readonly logLines: readonly string[]

  constructor(
    code: EnvoyRuntimeErrorCode,
    message: string,
    options: EnvoyRuntimeErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.logLines = options.logLines ?? []
  }

  /** Whether the same call can succeed later without a change of its arguments. */
  get retryable(): boolean {
    return RETRYABLE[this.code]
  }
}

/** The code of a system error (`ENOENT`), if it is one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}
