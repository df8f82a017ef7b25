/** Why an operation of this package failed. The set is closed: switch on it exhaustively. */
export type CertsErrorCode =
  | 'spiffe-id-invalid'
  | 'spiffe-id-missing'
  | 'spiffe-id-ambiguous'
  | 'identity-mismatch'
  | 'trust-domain-mismatch'
  | 'file-missing'
  | 'file-unreadable'
  | 'file-not-regular'
  | 'file-too-large'
  | 'file-insecure'
  | 'files-changing'
  | 'pem-invalid'
  | 'certificate-invalid'
  | 'certificate-expired'
  | 'certificate-not-yet-valid'
  | 'key-invalid'
  | 'key-unsupported'
  | 'key-mismatch'
  | 'key-usage-invalid'
  | 'chain-broken'
  | 'chain-untrusted'
  | 'leaf-is-ca'
  | 'issuer-not-ca'
  | 'ca-state-insecure'
  | 'ca-state-damaged'
  | 'ca-state-mismatch'
  | 'ca-expired'
  | 'lifetime-invalid'
  | 'directory-insecure'
  | 'write-failed'
  | 'remove-failed'

/**
 * Codes after which the same call may succeed without anybody changing a file or an option:
 * somebody else was writing, or the disk was full.
 */
const retryableCodes: ReadonlySet<CertsErrorCode> = new Set<CertsErrorCode>([
  'files-changing',
  'file-missing',
  'pem-invalid',
  'key-mismatch',
  'certificate-not-yet-valid',
  'write-failed',
  'remove-failed',
])

/** Options of {@link CertsError}. */
export interface CertsErrorOptions {
  /** What was caught, when something was. Never holds key material. */
  readonly cause?: unknown
  /** Absolute path of the file or directory at fault, when there is one. */
  readonly file?: string | undefined
}

/**
 * The one error class of this package.
 *
 * The message says what was being done, what is wrong with which file, and what to do. It never
 * holds key material, and neither does its cause.
 */
export class CertsError extends Error {
  override readonly name = 'CertsError'
  /** What went wrong. */
  readonly code: CertsErrorCode
  /** Absolute path of the file or directory at fault, when there is one. */
  readonly file: string | undefined

  constructor(code: CertsErrorCode, message: string, options: CertsErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.file = options.file
  }

  /** Whether the same call may succeed later without a change of configuration. */
  get retryable(): boolean {
    return retryableCodes.has(this.code)
  }
}

/** The `code` of a system error such as `ENOENT`; undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}
