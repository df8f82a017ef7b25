import { type HelperStats } from './protocol.ts'
import { type NetnsSource } from './identity.ts'
import { type InterfaceAddress } from './netlink/address.ts'
import { type Link } from './netlink/link.ts'
import { type Listener } from './netlink/listener.ts'

/** Kernel interfaces that a netlink connection can be of. */
export type NetlinkProtocol = 'route' | 'sock_diag' | 'netfilter'

/** Options of everything that waits for the helper. */
export interface CallOptions {
  /** Gives up waiting, with code `aborted`. What was asked may have been done all the same. */
  readonly signal?: AbortSignal | undefined
}

/** A netlink connection into one namespace. It is bound to that namespace, not to its path. */
export interface NetlinkConnection extends Disposable {
  /**
   * Sends one datagram of netlink messages, at most 4 MiB, and returns the kernel's reply datagrams, errors and
   * acknowledgements among them, when all have come: also for messages that ask for no
   * acknowledgement, and for dumps. Throws `netns-gone`, `invalid-argument` (a datagram that is not
   * whole, a batch without its end), `netlink-failed` (it could not be sent), `netlink-overrun`,
   * and what {@link NetnsHelper} throws.
   */
  exchange(messages: Uint8Array, options?: CallOptions): Promise<Uint8Array[]>
  /** No exchange is possible afterwards. Holds nothing in the kernel before or after. */
  close(): void
}

/** What a command left. */
export interface CommandOutput {
  /** Exit code; 128 + n when signal n ended it. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Options of {@link NetnsHelper.commandRunner}. */
export interface CommandRunnerOptions {
  /** Milliseconds after which a command and what it started are killed. Default 30,000. */
  readonly timeoutMs?: number
  /** Its environment beside `PATH` and `LC_ALL=C`, which it can override. Nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs commands in one namespace. */
export interface NetnsCommandRunner {
  /**
   * Runs a program (no shell) with working directory `/` in a process group of its own. Does not
   * throw on a non-zero exit code. Throws `command-failed` (it cannot be started),
   * `command-timeout`, `command-output-limit` (32 MiB), `netns-gone`, and what {@link NetnsHelper}
   * throws.
   */
  run(
    argv: readonly [string, ...string[]],
    stdin?: string,
    options?: CallOptions,
  ): Promise<CommandOutput>
}

/** Kernel settings of a namespace. Keys as in sysctl(8), below `net`. */
export interface NetnsSysctl {
  /** Reads a setting. Throws `sysctl-unknown` or `sysctl-failed`. */
  get(ns: NetnsSource, key: string, options?: CallOptions): Promise<string>
  /** Writes a setting. Throws `sysctl-unknown` or `sysctl-failed`. */
  set(ns: NetnsSource, key: string, value: string, options?: CallOptions): Promise<void>
}

/**
 * Works inside network namespaces through a process of its own. Namespaces are given by path or by
 * process id and identified at the time of the call.
 *
 * Every method may throw `invalid-argument`, `netns-gone`, `not-a-netns`, `permission`, `aborted`,
 * `timeout`, `helper-died` (the next call starts a new one), `helper-start-failed` and
 * `helper-closed`.
 */
export interface NetnsHelper extends AsyncDisposable {
  /** The process id of the helper; undefined while there is none. */
  readonly pid: number | undefined
  /** Connects to the kernel's netlink inside a namespace. */
  netlink(ns: NetnsSource, protocol: NetlinkProtocol): NetlinkConnection
  /** The interfaces of a namespace. */
  links(ns: NetnsSource, options?: CallOptions): Promise<readonly Link[]>
  /** Switches an interface on. May be called again. Throws `link-not-found`. */
  setLinkUp(ns: NetnsSource, ifname: string, options?: CallOptions): Promise<void>
  /** The addresses of all interfaces. */
  addresses(ns: NetnsSource, options?: CallOptions): Promise<readonly InterfaceAddress[]>
  /**
   * Adds an address such as `::6/128`, usable at once. Done when it is there. Throws
   * `link-not-found`, and `netlink-failed` with errno `EACCES` where IPv6 is switched off.
   */
  addAddress(ns: NetnsSource, cidr: string, ifname: string, options?: CallOptions): Promise<void>
  /** Takes an address off. Done when it or its interface is not there. */
  removeAddress(ns: NetnsSource, cidr: string, ifname: string, options?: CallOptions): Promise<void>
  readonly sysctl: NetnsSysctl
  /** The TCP sockets that accept connections, IPv4 and IPv6, of whatever owner. */
  listeners(ns: NetnsSource, options?: CallOptions): Promise<readonly Listener[]>
  /** Runs commands inside a namespace. */
  commandRunner(ns: NetnsSource, options?: CommandRunnerOptions): NetnsCommandRunner
  /** State of the helper process. */
  stats(options?: CallOptions): Promise<HelperStats>
  /** Ends the helper and what it runs. May be called again. */
  close(): Promise<void>
}
