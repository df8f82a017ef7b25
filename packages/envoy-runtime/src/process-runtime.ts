import { envoyAdmin } from './admin.ts'
import { knownIds, makeLayout, type Owner, removeSidecar } from './directories.ts'
import { EnvoyRuntimeError } from './error.ts'
import { find, statusOf } from './find.ts'
import { keyedQueue } from './keyed-queue.ts'
import { type Layout, layoutOf } from './layout.ts'
import { tailLog, trimLog } from './log.ts'
import { isAlive, processStats } from './proc.ts'
import { waitUntilReady } from './ready.ts'
import { type SidecarRuntime } from './runtime.ts'
import { parseId, parseSpec } from './spec.ts'
import { prepare, start, type StartOptions } from './start.ts'
import { killProcess, stopProcess } from './stop.ts'

/** Options of {@link processRuntime}. */
export interface ProcessRuntimeOptions {
  /** Envoy 1.40 or newer: the binary itself. Run all sidecars from one file: its pages are shared. */
  readonly envoyPath: string
  /** Made when missing; on a tmpfs, and short: the admin socket's path has at most 107 bytes. */
  readonly stateDirectory: string
  /** The sidecars' user. Default 1337, which the redirection lets pass. */
  readonly uid?: number
  /** Default 1337. */
  readonly gid?: number
  /**
   * RLIMIT_NOFILE, or this process' hard limit where that is lower. Default 65,536. A proxied connection
   * takes two, and Envoy ends when it has none left: let the bootstrap take a third as many connections.
   */
  readonly maxOpenFiles?: number
  /** From -1000 (never) to 1000 (first): who goes when memory ends. Default 0. */
  readonly oomScoreAdj?: number
}

/**
 * Runs each sidecar as a plain process: its own user, no capability, no new privileges, its own
 * session and mount, ipc and uts namespaces, in the pod's network namespace, without a parent. Needs
 * root, Linux and util-linux. Touches nothing before the first call.
 */
export function processRuntime(options: ProcessRuntimeOptions): SidecarRuntime {
  const layout = layoutOf(options.stateDirectory)
  const owner: Owner = { uid: options.uid ?? 1337, gid: options.gid ?? 1337 }
  const common: StartOptions = {
    envoyPath: options.envoyPath,
    maxOpenFiles: options.maxOpenFiles ?? 65_536,
    oomScoreAdj: options.oomScoreAdj ?? 0,
  }
  const queue = keyedQueue()

  const runtime: SidecarRuntime = {
    name: 'process',
    paths: (id) => layout.sidecar(id),
    async prepareShared() {
      await makeLayout(layout, owner)
      return layout.shared
    },
    prepare: (id) => queue.run(id, () => prepare(layout, id, owner)),
    start: (spec, { signal } = {}) =>
      queue.run(spec.id, async () => {
        const settings = parseSpec(spec, layout.sidecar(spec.id))
        signal?.throwIfAborted()
        return start({ layout, owner, options: common, settings, signal })
      }),
    async waitUntilReady(id, ready = {}) {
      const found = await find(layout, id)
      const { log } = layout.sidecar(id)
      const offset = found?.record?.logOffset ?? 0
      await waitUntilReady({
        ...ready,
        admin: runtime.admin(id),
        probe: {
          alive: () =>
            Promise.resolve(found?.process).then(
              (at) => at !== undefined && isAlive(at.pid, at.startTicks),
            ),
          logLines: () => tailLog(log, offset),
        },
      })
    },
    async list() {
      const ids = await knownIds(layout)
      const found = await Promise.all(ids.map((id) => runtime.inspect(id)))
      return found.filter((status) => status !== undefined)
    },
    async inspect(id) {
      const found = await find(layout, id)
      return found === undefined ? undefined : statusOf(layout, id, found)
    },
    stop: (id, stop = {}) =>
      queue.run(id, async () => {
        const found = await find(layout, id)
        if (found?.process === undefined) return 'not-running'
        return stopProcess(found.process, runtime.admin(id), stop)
      }),
    kill: (id) => queue.run(id, () => kill(layout, id)),
    remove: (id) =>
      queue.run(id, async () => {
        await kill(layout, id)
        await removeSidecar(layout, parseId(id))
      }),
    async trimLogs(id, maxBytes) {
      const { log, accessLog } = layout.sidecar(id)
      await Promise.all([log, accessLog].map((path) => trimLog(path, maxBytes)))
    },
    async stats(id) {
      const found = await find(layout, id)
      const stats = found?.process && (await processStats(found.process.pid))
      if (stats !== undefined) return stats
      throw new EnvoyRuntimeError('not-found', `sidecar ${id} does not run`)
    },
    admin: (id) => envoyAdmin(layout.sidecar(id).adminSocket),
  }
  return runtime
}

async function kill(layout: Layout, id: string): Promise<void> {
  const found = await find(layout, id)
  if (found?.process !== undefined) await killProcess(found.process)
}
