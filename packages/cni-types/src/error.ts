/**
 * Error codes of the CNI specification, and the three that only the Go reference knows (8, 51 as a
 * code of STATUS, 999). Codes from 100 on are free for plugins.
 *
 * @see https://github.com/containernetworking/cni/blob/main/SPEC.md#error
 */
export const cniErrorCodes = {
  /** The plugin does not speak the configuration's version. */
  incompatibleVersion: 1,
  /** A field of the configuration is not supported; the message has its key and value. */
  unsupportedField: 2,
  /** The container is not known: the runtime needs no DEL. Not for casual use. */
  unknownContainer: 3,
  /** An environment variable is missing or malformed; the message names it. */
  invalidEnvironment: 4,
  /** Reading or writing failed. */
  ioFailure: 5,
  /** The configuration, or something in it, could not be decoded. */
  decodingFailure: 6,
  /** The configuration was decoded and does not make sense. */
  invalidNetworkConfig: 7,
  /** `CNI_NETNS` is not a namespace a plugin may work on. */
  invalidNetns: 8,
  /** A passing condition: the runtime should try again later. */
  tryAgainLater: 11,
  /** STATUS: the plugin cannot serve ADD. */
  notAvailable: 50,
  /** STATUS: the plugin cannot serve ADD, and existing containers may have limited connectivity. */
  limitedConnectivity: 51,
  /** A fault inside the plugin. */
  internal: 999,
} as const

/** What a plugin prints on stdout, beside an exit code other than 0. */
export interface CniErrorObject {
  /** Version of the configuration the call was made with; left out when it is not known. */
  cniVersion?: string
  /** One of {@link cniErrorCodes}, or from 100 on a code of the plugin's own. */
  code: number
  /** Short sentence, lower case. */
  msg: string
  /** Longer text; left out when there is none. */
  details?: string
}

const brand = Symbol.for('@proxy/cni-types/CniError')

/** An error a runtime can read. Two loaded copies of this package recognise each other's errors. */
export class CniError extends Error {
  /** `CniError`, for stack traces. */
  override readonly name: string = 'CniError'
  /** One of {@link cniErrorCodes}, or from 100 on a code of the plugin's own. */
  readonly code: number
  /** Short sentence, lower case; `message` is this and the details. */
  readonly msg: string
  /** Longer text. */
  readonly details: string | undefined

  constructor(code: number, msg: string, details?: string, options?: ErrorOptions) {
    super(details === undefined || details === '' ? msg : `${msg}; ${details}`, options)
    this.code = code
    this.msg = msg
    this.details = details === '' ? undefined : details
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for errors of any loaded copy of this class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }

  /** `error` itself when it is a {@link CniError}, else one of code 999 with its message. */
  static from(error: unknown): CniError {
    if (error instanceof CniError) return error
    const msg = error instanceof Error ? error.message : textOf(error)
    return new CniError(cniErrorCodes.internal, msg, undefined, { cause: error })
  }

  /** Whether the same call may succeed later without anybody changing its input: code 11 only. */
  get retryable(): boolean {
    return this.code === cniErrorCodes.tryAgainLater
  }

  /**
   * The object of the protocol. `cniVersion` is put in when it looks like a version, so that
   * `JSON.stringify`, which passes the name of a property here, does not put in that.
   */
  toJSON(cniVersion?: string): CniErrorObject {
    const isVersion = cniVersion !== undefined && /^\d+\.\d+\.\d+$/.test(cniVersion)
    return {
      ...(isVersion ? { cniVersion } : {}),
      code: this.code,
      msg: this.msg,
      ...(this.details === undefined ? {} : { details: this.details }),
    }
  }
}

/** JavaScript lets anything be thrown, even what has no text. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'something without a text was thrown'
  }
}
