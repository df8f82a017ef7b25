import { IptablesError } from '../error.ts'

/** What the exit code says. */
export const exitCodes = {
  /** Done, or as it should be. */
  ok: 0,
  /** There is a difference. */
  different: 1,
  /** The command line, a variable or the specification cannot be used; nothing was touched. */
  usage: 2,
  /** The kernel or a program lacks something. */
  unsupported: 3,
  /** CAP_NET_ADMIN is missing. */
  forbidden: 4,
  /** Somebody else was at it; the same call may succeed. */
  retry: 5,
  /** It failed for another reason. */
  failed: 6,
} as const

/** See {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The table of exit codes, for `--help`. */
export const exitCodeHelp = `
Exit codes:
  0  done, or as it should be
  1  verify, diff: there is a difference
  2  the command line, a variable or the specification cannot be used; nothing was touched
  3  the kernel or a program lacks something
  4  CAP_NET_ADMIN is missing
  5  somebody else changed rules or holds the lock; try again
  6  it failed for another reason`

/** A command line that cannot be used. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The exit code of a failure. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return exitCodes.usage
  if (!(error instanceof IptablesError)) return exitCodes.failed
  switch (error.code) {
    case 'spec-invalid':
    case 'ruleset-invalid':
      return exitCodes.usage
    case 'unsupported':
      return exitCodes.unsupported
    case 'permission-denied':
      return exitCodes.forbidden
    case 'lock-timeout':
    case 'changed-meanwhile':
      return exitCodes.retry
    default:
      return exitCodes.failed
  }
}
