import { type SpecIssue } from './spec/issue.ts'

/**
 * What went wrong, as a closed set:
 * - `spec-invalid`: the input of `parseRedirectSpec` is not a specification; `issues` lists why.
 * - `ruleset-invalid`: a rule set names a chain, set or value that cannot be rendered.
 * - `save-invalid`: the text is not the output of `iptables-save` or `nft -j list ruleset`.
 * - `reply-invalid`: bytes from netlink are not what the kernel sends.
 * - `unsupported`: the kernel or the tool lacks something the rules need.
 * - `permission-denied`: the caller may not change packet filter rules here (CAP_NET_ADMIN).
 * - `lock-timeout`: somebody else holds the xtables lock.
 * - `changed-meanwhile`: somebody else changed the rules while they were read or replaced.
 * - `command-failed`: `iptables-save` or `iptables-restore` failed for another reason.
 * - `kernel-refused`: the kernel refused a netlink message for another reason.
 */
export type IptablesErrorCode =
  | 'spec-invalid'
  | 'ruleset-invalid'
  | 'save-invalid'
  | 'reply-invalid'
  | 'unsupported'
  | 'permission-denied'
  | 'lock-timeout'
  | 'changed-meanwhile'
  | 'command-failed'
  | 'kernel-refused'

/** What an {@link IptablesError} may carry beside its message. */
export interface IptablesErrorDetails {
  /** The error underneath, when there is one. */
  readonly cause?: unknown
  /** Every fault of the input, for `spec-invalid`. */
  readonly issues?: readonly SpecIssue[]
  /** The rule, chain, set or table that was refused, as `rule output proxy/skip-loopback`. */
  readonly object?: string
  /** The kernel's error number (positive), when the kernel answered. */
  readonly errno?: number
}

const RETRYABLE: ReadonlySet<IptablesErrorCode> = new Set(['lock-timeout', 'changed-meanwhile'])

/** The one error class of this package; switch on `code`. */
export class IptablesError extends Error {
  override readonly name = 'IptablesError'
  /** What went wrong. */
  readonly code: IptablesErrorCode
  /** Every fault of the input; empty unless `code` is `spec-invalid`. */
  readonly issues: readonly SpecIssue[]
  /** What was refused, as `rule output proxy/skip-loopback`. */
  readonly object: string | undefined
  /** The kernel's error number, positive. */
  readonly errno: number | undefined

  constructor(code: IptablesErrorCode, message: string, details: IptablesErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.issues = details.issues ?? []
    this.object = details.object
    this.errno = details.errno
  }

  /** Whether the same call may succeed when it is made again without changing anything. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code)
  }
}
