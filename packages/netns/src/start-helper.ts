import { runnerIn } from './command-runner.ts'
import { defaultHelperPath } from './helper-path.ts'
import { HelperSupervisor } from './helper-supervisor.ts'
import { type NetnsSource } from './identity.ts'
import * as interfaces from './interfaces.ts'
import { namespaceRef } from './namespace-ref.ts'
import { connectionIn } from './netlink-connection.ts'
import { type NetlinkConnection, type NetnsHelper, type NetnsSysctl } from './netns-helper.ts'
import { type HelperStats } from './protocol.ts'
import { checkSysctlValue, sysctlPath } from './sysctl.ts'

/** Options of {@link startNetnsHelper}. */
export interface NetnsHelperOptions {
  /**
   * The helper's file. Default: the one of this package. An app that is bundled into one file gives
   * the path of the helper it ships beside it.
   */
  readonly helperPath?: string
  /** The Node.js to run it with. Default: the one this process runs on. */
  readonly nodePath?: string
  /** Milliseconds after which a call that got no answer fails with `timeout`. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** Milliseconds a new helper has until it answers. Default 10,000. */
  readonly startTimeoutMs?: number
}

/**
 * Starts the process that enters namespaces for this one, and waits until it answers. It ends when
 * it is closed or when this process ends, in whatever way; it does not keep this process running
 * while nothing is asked of it. One that dies is replaced at the next call.
 * Throws `helper-start-failed`.
 */
export async function startNetnsHelper(options: NetnsHelperOptions = {}): Promise<NetnsHelper> {
  const supervisor = new HelperSupervisor({
    helperPath: options.helperPath ?? defaultHelperPath(),
    nodePath: options.nodePath ?? process.execPath,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    startTimeoutMs: options.startTimeoutMs ?? 10_000,
  })
  await supervisor.start()
  return helperOn(supervisor)
}

function helperOn(supervisor: HelperSupervisor): NetnsHelper {
  // Async, so that a bad argument is a rejection like every other failure.
  const route = async <T>(
    ns: NetnsSource,
    use: (connection: NetlinkConnection) => Promise<T>,
  ): Promise<T> => use(connectionIn(supervisor, ns, 'route'))
  const close = (): Promise<void> => supervisor.close()
  return {
    get pid(): number | undefined {
      return supervisor.pid
    },
    netlink: (ns, protocol) => connectionIn(supervisor, ns, protocol),
    links: (ns, options = {}) => route(ns, (connection) => interfaces.links(connection, options)),
    setLinkUp: (ns, ifname, options = {}) =>
      route(ns, (connection) => interfaces.setLinkUp(connection, ifname, options)),
    addresses: (ns, options = {}) =>
      route(ns, (connection) => interfaces.addresses(connection, options)),
    addAddress: (ns, cidr, ifname, options = {}) =>
      route(ns, (connection) => interfaces.addAddress(connection, cidr, ifname, options)),
    removeAddress: (ns, cidr, ifname, options = {}) =>
      route(ns, (connection) => interfaces.removeAddress(connection, cidr, ifname, options)),
    sysctl: sysctlOn(supervisor),
    async listeners(ns, options = {}) {
      return interfaces.listeners(connectionIn(supervisor, ns, 'sock_diag'), options)
    },
    commandRunner: (ns, options) => runnerIn(supervisor, ns, options),
    async stats({ signal } = {}) {
      return (await supervisor.call({ op: 'stats' }, { signal })).value as HelperStats
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function sysctlOn(supervisor: HelperSupervisor): NetnsSysctl {
  return {
    async get(ns, key, { signal } = {}) {
      sysctlPath(key) // refused here, before anything is entered
      const call = { op: 'sysctl-get', ns: namespaceRef(ns), key } as const
      return String((await supervisor.call(call, { signal })).value)
    },
    async set(ns, key, value, { signal } = {}) {
      sysctlPath(key)
      checkSysctlValue(key, value)
      const call = { op: 'sysctl-set', ns: namespaceRef(ns), key, value } as const
      await supervisor.call(call, { signal })
    },
  }
}
