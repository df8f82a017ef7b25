import { mkdir, rm } from 'node:fs/promises'
import { type EnvoyAdmin } from '../admin.ts'
import { EnvoyRuntimeError } from '../error.ts'
import { layoutOf } from '../layout.ts'
import { type SidecarRuntime, type SidecarSpec, type SidecarStatus } from '../runtime.ts'
import { parseId, parseSpec, specHash } from '../spec.ts'

/** Verbs that can be made to fail. */
export type FakeVerb =
  'prepare' | 'start' | 'waitUntilReady' | 'list' | 'stop' | 'kill' | 'remove' | 'trimLogs'

/** Options of {@link fakeRuntime}. */
export interface FakeRuntimeOptions {
  /** Sidecars' folders are really made here, so that secrets can be written. */
  readonly stateDirectory: string
}

/** A {@link SidecarRuntime} without processes: what it was asked is kept, and it fails when told to. */
export interface FakeRuntime extends SidecarRuntime {
  /** Every call so far, oldest first: `start <id>`. */
  readonly calls: readonly string[]
  /** The spec of each started sidecar by id. */
  readonly specs: ReadonlyMap<string, SidecarSpec>
  /** The next call of this verb throws this error. */
  failNext(verb: FakeVerb, error: EnvoyRuntimeError): void
  /** Its process dies by itself. */
  crash(id: string): void
}

/** An empty {@link FakeRuntime}. */
export function fakeRuntime({ stateDirectory }: FakeRuntimeOptions): FakeRuntime {
  const layout = layoutOf(stateDirectory)
  const sidecars = new Map<string, SidecarStatus>()
  const specs = new Map<string, SidecarSpec>()
  const calls: string[] = []
  const failures = new Map<FakeVerb, EnvoyRuntimeError>()
  let lastPid = 4_000_000

  const enter = (verb: FakeVerb, id = ''): void => {
    calls.push(`${verb} ${id}`.trim())
    const failure = failures.get(verb)
    failures.delete(verb)
    if (failure !== undefined) throw failure
  }
  const end = (id: string): boolean => {
    const status = sidecars.get(parseId(id))
    if (status?.state !== 'running') return false
    const { paths, labels, startedAt = '', specHash: hash = '' } = status
    sidecars.set(id, { id, state: 'exited', paths, labels, startedAt, specHash: hash })
    return true
  }

  return {
    name: 'fake',
    calls,
    specs,
    failNext: (verb, error) => void failures.set(verb, error),
    crash: (id) => void end(id),
    paths: (id) => layout.sidecar(id),
    async prepareShared() {
      await mkdir(layout.shared, { recursive: true })
      return layout.shared
    },
    async prepare(id) {
      enter('prepare', id)
      const paths = layout.sidecar(id)
      await mkdir(paths.sds, { recursive: true, mode: 0o700 })
      if (!sidecars.has(id)) sidecars.set(id, { id, state: 'prepared', paths, labels: {} })
      return paths
    },
    async start(spec) {
      enter('start', spec.id)
      const settings = parseSpec(spec, layout.sidecar(spec.id))
      const hash = specHash(settings)
      const before = sidecars.get(spec.id)
      if (before?.state === 'running') {
        if (before.specHash === hash) return before
        throw new EnvoyRuntimeError('conflict', `sidecar ${spec.id} already runs`)
      }
      const paths = layout.sidecar(spec.id)
      await mkdir(paths.sds, { recursive: true, mode: 0o700 })
      lastPid += 1
      const status: SidecarStatus = {
        ...{ id: spec.id, state: 'running', paths, labels: settings.labels },
        ...{ pid: lastPid, startedAt: '2026-01-01T00:00:00.000Z', specHash: hash },
      }
      sidecars.set(spec.id, status)
      specs.set(spec.id, spec)
      return status
    },
    async waitUntilReady(id) {
      enter('waitUntilReady', id)
      if (sidecars.get(parseId(id))?.state === 'running') return Promise.resolve()
      throw new EnvoyRuntimeError('exited', `sidecar ${id} does not run`)
    },
    async list() {
      enter('list')
      return Promise.resolve([...sidecars.values()].sort((a, b) => (a.id < b.id ? -1 : 1)))
    },
    inspect: (id) => Promise.resolve(sidecars.get(parseId(id))),
    async stop(id) {
      enter('stop', id)
      return Promise.resolve(end(id) ? 'drained' : 'not-running')
    },
    async kill(id) {
      enter('kill', id)
      end(id)
      return Promise.resolve()
    },
    async remove(id) {
      enter('remove', id)
      sidecars.delete(parseId(id))
      specs.delete(id)
      await rm(layout.sidecar(id).directory, { recursive: true, force: true })
    },
    async trimLogs(id) {
      enter('trimLogs', id)
      return Promise.resolve()
    },
    async stats(id) {
      if (sidecars.get(parseId(id))?.state !== 'running') {
        throw new EnvoyRuntimeError('not-found', `sidecar ${id} does not run`)
      }
      return Promise.resolve({ rssBytes: 0, cpuMs: 0, fds: 0, threads: 1 })
    },
    admin: (id) => fakeAdmin(layout.sidecar(id).adminSocket),
  }
}

function fakeAdmin(socketPath: string): EnvoyAdmin {
  return {
    socketPath,
    ready: () => Promise.resolve(true),
    serverInfo: () =>
      Promise.resolve({
        ...{ state: 'LIVE', version: 'fake', hotRestartVersion: '11.104' },
        ...{ restartEpoch: 0, concurrency: 1 },
      }),
    listeners: () => Promise.resolve([]),
    stats: () => Promise.resolve(''),
    activeConnections: () => Promise.resolve(0),
    certificates: () => Promise.resolve([]),
    drainListeners: () => Promise.resolve(),
    quit: () => Promise.resolve(),
  }
}
