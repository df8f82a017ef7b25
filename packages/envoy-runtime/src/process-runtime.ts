import { statfs, unlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { envoyAdmin } from './admin.ts'
import {
  knownIds,
  makeLayout,
  makeSidecar,
  type Owner,
  removeSidecar,
  writeBootstrap,
} from './directories.ts'
import { EnvoyRuntimeError, systemCode } from './error.ts'
import { keyedQueue } from './keyed-queue.ts'
import { launch, type Launched } from './launch.ts'
import { type Layout, layoutOf } from './layout.ts'
import { reasonIn, tailLog } from './log.ts'
import {
  bootId,
  executableOf,
  type FileIdentity,
  identityOf,
  isAlive,
  isDead,
  lockHolder,
  processStat,
  processStats,
} from './proc.ts'
import { waitUntilReady } from './ready.ts'
import { readRecord, type SidecarRecord, writeRecord } from './record.ts'
import { type SidecarRuntime, type SidecarStatus } from './runtime.ts'
import { parseId, parseSpec, type SidecarSettings, specHash } from './spec.ts'
import { killProcess, type RunningProcess, stopProcess } from './stop.ts'

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
  /** RLIMIT_NOFILE, or this process' hard limit where that is lower. Default 65,536; a proxied connection takes two. */
  readonly maxOpenFiles?: number
  /** From -1000 (never) to 1000 (first): who goes when memory ends. Default 0. */
  readonly oomScoreAdj?: number
}

/** `statfs(2)`: the file system of namespaces. */
const NSFS_MAGIC = 0x6e736673
/** From the word until the process is Envoy: four exec calls. */
const EXEC_TIMEOUT_MS = 5000

/**
 * Runs each sidecar as a plain process: its own user, no capability, no new privileges, its own
 * session and mount, ipc and uts namespaces, in the pod's network namespace, without a parent. Needs
 * root, Linux and util-linux. Touches nothing before the first call.
 */
export function processRuntime(options: ProcessRuntimeOptions): SidecarRuntime {
  const layout = layoutOf(options.stateDirectory)
  const owner: Owner = { uid: options.uid ?? 1337, gid: options.gid ?? 1337 }
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
        return start({ layout, owner, options, settings, signal })
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

interface Found {
  /** Its process, if it lives. */
  readonly process?: RunningProcess
  readonly record?: SidecarRecord
}

/** What is there of a sidecar: the record names a process, the kernel says whether it is that one. */
async function find(layout: Layout, id: string): Promise<Found | undefined> {
  const record = await readRecord(layout.record(id))
  if (record !== undefined && (await isRecorded(record))) {
    return { record, process: { pid: record.pid, startTicks: record.startTicks } }
  }
  const holder = await lockHolder(layout.lock(id))
  const holding = holder === undefined ? undefined : await processStat(holder)
  if (holder !== undefined && holding !== undefined && !isDead(holding)) {
    // The record was lost: whoever holds the lock is the sidecar, or one that is being started.
    return { process: { pid: holder, startTicks: holding.startTicks } }
  }
  if (record !== undefined) return { record }
  const { directory } = layout.sidecar(id)
  const left = await Promise.all([directory, layout.lock(id)].map((path) => identityOf(path)))
  return left.some((file) => file !== undefined) ? {} : undefined
}

async function isRecorded(record: SidecarRecord): Promise<boolean> {
  if (record.bootId !== (await bootId())) return false
  if (!(await isAlive(record.pid, record.startTicks))) return false
  return same(await executableOf(record.pid), record.executable)
}

function statusOf(layout: Layout, id: string, { process, record }: Found): SidecarStatus {
  const paths = layout.sidecar(id)
  const known =
    record === undefined
      ? { labels: {} }
      : {
          labels: record.labels,
          startedAt: record.startedAt,
          netns: record.netns,
          specHash: record.specHash,
        }
  if (process !== undefined) return { id, state: 'running', pid: process.pid, paths, ...known }
  return { id, state: record === undefined ? 'prepared' : 'exited', paths, ...known }
}

async function prepare(layout: Layout, id: string, owner: Owner): Promise<SidecarStatus['paths']> {
  const paths = layout.sidecar(id)
  await makeLayout(layout, owner)
  await makeSidecar(paths, owner)
  return paths
}

interface Start {
  readonly layout: Layout
  readonly owner: Owner
  readonly options: ProcessRuntimeOptions
  readonly settings: SidecarSettings
  readonly signal: AbortSignal | undefined
}

async function start(context: Start): Promise<SidecarStatus> {
  const { layout, owner, options, settings } = context
  const { id } = settings
  const hash = specHash(settings)
  const found = await find(layout, id)
  if (found?.process !== undefined) {
    if (found.record?.specHash === hash) return statusOf(layout, id, found)
    throw new EnvoyRuntimeError(
      'conflict',
      `sidecar ${id} already runs as process ${found.process.pid} from another spec: stop it first`,
    )
  }
  const netns = await netnsIdentity(settings.netnsPath)
  const executable = await identityOf(options.envoyPath)
  if (executable === undefined) {
    throw new EnvoyRuntimeError('binary-missing', `${options.envoyPath} does not exist`)
  }
  const paths = await prepare(layout, id, owner)
  const launched = await launch({
    ...{ envoyPath: options.envoyPath, arguments: envoyArguments(paths.bootstrap, settings) },
    ...{ environment: settings.environment, directory: paths.directory },
    ...{ netnsPath: settings.netnsPath, lockPath: layout.lock(id) },
    ...{ log: paths.log, accessLog: paths.accessLog, ...owner },
    ...{ maxOpenFiles: options.maxOpenFiles ?? 65_536, oomScoreAdj: options.oomScoreAdj ?? 0 },
    signal: context.signal,
  })
  try {
    // The launcher has the lock: nobody else writes these.
    await writeBootstrap(layout, id, settings.bootstrap, owner)
    await removeSocket(paths.adminSocket)
    const record = await recordOf(launched, { executable, netns, hash, settings })
    await writeRecord(layout.record(id), record)
    context.signal?.throwIfAborted()
    launched.go()
    await becameEnvoy(record, paths.log)
    await expectLock(layout, id, record)
    return statusOf(layout, id, {
      record,
      process: { pid: record.pid, startTicks: record.startTicks },
    })
  } finally {
    launched.abandon()
  }
}

function envoyArguments(bootstrap: string, settings: SidecarSettings): readonly string[] {
  return [
    ...['-c', bootstrap, '--disable-hot-restart'],
    ...['--concurrency', String(settings.concurrency)],
    ...['--drain-time-s', String(settings.drainTimeS)],
    ...['--log-level', settings.logLevel],
    // The access log is buffered; the default of 10 s is long for someone who looks at it.
    ...['--file-flush-interval-msec', '1000'],
    // The matcher of peers is marked work in progress: one warning per peer and update otherwise.
    ...['--component-log-level', 'misc:error'],
  ]
}

async function recordOf(
  launched: Launched,
  known: {
    readonly executable: FileIdentity
    readonly netns: FileIdentity
    readonly hash: string
    readonly settings: SidecarSettings
  },
): Promise<SidecarRecord> {
  const found = await processStat(launched.pid)
  if (found === undefined || isDead(found)) {
    throw new EnvoyRuntimeError('launch-failed', 'the launcher ended before its word')
  }
  return {
    version: 1,
    bootId: await bootId(),
    pid: launched.pid,
    startTicks: found.startTicks,
    executable: known.executable,
    netns: known.netns,
    startedAt: new Date().toISOString(),
    specHash: known.hash,
    labels: known.settings.labels,
    logOffset: launched.logOffset,
  }
}

/** A socket that a dead Envoy left: without it nobody takes it for the new one's. */
async function removeSocket(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

/** Waits until the launcher has become Envoy. */
async function becameEnvoy(record: SidecarRecord, log: string): Promise<void> {
  const end = performance.now() + EXEC_TIMEOUT_MS
  while (!same(await executableOf(record.pid), record.executable)) {
    const alive = await isAlive(record.pid, record.startTicks)
    if (alive && performance.now() < end) {
      await sleep(1)
      continue
    }
    if (alive) await killProcess(record)
    const logLines = await tailLog(log, record.logOffset)
    throw new EnvoyRuntimeError(
      reasonIn(logLines) ?? 'launch-failed',
      `the launcher did not become envoy: ${logLines.at(-1) ?? 'it said nothing'}`,
      { logLines },
    )
  }
}

/**
 * Someone may have removed the lock's file while the launcher was taking it; then the lock protects
 * nothing, and another start could get one of its own.
 */
async function expectLock(layout: Layout, id: string, record: SidecarRecord): Promise<void> {
  const holder = await lockHolder(layout.lock(id))
  if (holder === record.pid) return
  // A process that is dead already holds nothing: that is for the readiness check to tell.
  if (!(await isAlive(record.pid, record.startTicks))) return
  await killProcess(record)
  throw new EnvoyRuntimeError('launch-failed', `the lock of sidecar ${id} was removed: start again`)
}

async function kill(layout: Layout, id: string): Promise<void> {
  const found = await find(layout, id)
  if (found?.process !== undefined) await killProcess(found.process)
}

async function netnsIdentity(path: string): Promise<FileIdentity> {
  try {
    const [{ type }, identity] = await Promise.all([statfs(path), identityOf(path)])
    if (type === NSFS_MAGIC && identity !== undefined) return identity
  } catch (error) {
    throw new EnvoyRuntimeError('netns-missing', `open network namespace ${path}`, { cause: error })
  }
  throw new EnvoyRuntimeError('netns-missing', `${path} is not a namespace (any more)`)
}

function same(a: FileIdentity | undefined, b: FileIdentity): boolean {
  return a?.dev === b.dev && a.ino === b.ino
}
