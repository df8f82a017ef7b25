/**
 * What went wrong, as a closed set:
 *
 * - `invalid-argument`: a path, pid, address, sysctl key or argument vector that no call could accept
 * - `not-a-netns`: the path exists and is something else than a network namespace
 * - `netns-gone`: nothing is there any more, or another namespace is there now
 * - `permission`: the kernel refused; root (CAP_SYS_ADMIN) is needed
 * - `pin-conflict`: something that is not this pin is in the way; nothing was changed
 * - `pin-failed`: the kernel refused to mount or unmount a pin
 * - `link-not-found`: the namespace has no interface of that name
 * - `netlink-failed`: the kernel answered a request with an error, which the message names
 * - `netlink-overrun`: replies were lost for lack of room, or took more than 16 MiB; what was asked may have been done
 * - `sysctl-unknown`: the namespace has no such setting
 * - `sysctl-failed`: the kernel refused to read or write a setting
 * - `command-failed`: a command could not be started
 * - `command-timeout`: a command was killed because it took too long
 * - `command-output-limit`: a command was killed because it printed too much
 * - `aborted`: the caller's signal was raised; what was asked may have been done
 * - `timeout`: no answer in time; what was asked may have been done
 * - `helper-start-failed`: the helper process could not be started
 * - `helper-died`: the helper process ended before it answered; what was asked may have been done
 * - `helper-closed`: the helper was closed by its owner
 */
export type NetnsErrorCode =
  | 'invalid-argument'
  | 'not-a-netns'
  | 'netns-gone'
  | 'permission'
  | 'pin-conflict'
  | 'pin-failed'
  | 'link-not-found'
  | 'netlink-failed'
  | 'netlink-overrun'
  | 'sysctl-unknown'
  | 'sysctl-failed'
  | 'command-failed'
  | 'command-timeout'
  | 'command-output-limit'
  | 'aborted'
  | 'timeout'
  | 'helper-start-failed'
  | 'helper-died'
  | 'helper-closed'

/** Codes after which the same call may succeed without anything else being changed. */
const RETRYABLE: ReadonlySet<NetnsErrorCode> = new Set([
  'helper-died',
  'netlink-overrun',
  'timeout',
])

/** Every error this package throws on purpose. Match on {@link NetnsError.code}, not on the class. */
export class NetnsError extends Error {
  override readonly name = 'NetnsError'
  /** What went wrong. */
  readonly code: NetnsErrorCode
  /** The kernel's name for the error, such as `EBUSY`, where it gave one. */
  readonly errno: string | undefined

  constructor(
    code: NetnsErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly errno?: string | undefined } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.errno = options.errno
  }

  /** Whether the same call may succeed when it is simply made again. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code)
  }
}

/** The kernel's name in an error that Node threw, such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
