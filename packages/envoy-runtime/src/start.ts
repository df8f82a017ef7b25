import { statfs, unlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeLayout, makeSidecar, type Owner, writeBootstrap } from './directories.ts'
import { EnvoyRuntimeError, systemCode } from './error.ts'
import { find, same, statusOf } from './find.ts'
import { launch, type Launch, type Launched } from './launch.ts'
import { type Layout } from './layout.ts'
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
} from './proc.ts'
import { type SidecarRecord, writeRecord } from './record.ts'
import { type SidecarPaths, type SidecarStatus } from './runtime.ts'
import { type SidecarSettings, specHash } from './spec.ts'
import { killProcess } from './stop.ts'

/** `statfs(2)`: the file system of namespaces. */
const NSFS_MAGIC = 0x6e736673
/** From the word until the process is Envoy: four exec calls. */
const EXEC_TIMEOUT_MS = 5000

/** Makes the folders of a sidecar. May be called again. */
export async function prepare(layout: Layout, id: string, owner: Owner): Promise<SidecarPaths> {
  const paths = layout.sidecar(id)
  await makeLayout(layout, owner)
  await makeSidecar(paths, owner)
  return paths
}

/** What all sidecars of a runtime have in common. */
export interface StartOptions {
  readonly envoyPath: string
  readonly maxOpenFiles: number
  readonly oomScoreAdj: number
}

/** A start of one sidecar. */
export interface Start {
  readonly layout: Layout
  readonly owner: Owner
  readonly options: StartOptions
  readonly settings: SidecarSettings
  readonly signal: AbortSignal | undefined
}

/**
 * Makes a sidecar run. What it writes, it writes while the launcher holds the lock; the process waits
 * for the word until its record is there.
 */
export async function start(context: Start): Promise<SidecarStatus> {
  const { layout, owner, options, settings } = context
  const { id } = settings
  const hash = specHash(settings)
  const running = await runningFrom(layout, id, hash)
  if (running !== undefined) return running
  const netns = await netnsIdentity(settings.netnsPath)
  const executable = await identityOf(options.envoyPath)
  if (executable === undefined) {
    throw new EnvoyRuntimeError('binary-missing', `${options.envoyPath} does not exist`)
  }
  const paths = await prepare(layout, id, owner)
  const launched = await launchLocked(context, hash, {
    ...{ envoyPath: options.envoyPath, arguments: envoyArguments(paths.bootstrap, settings) },
    ...{ environment: settings.environment, directory: paths.directory },
    ...{ netnsPath: settings.netnsPath, lockPath: layout.lock(id) },
    ...{ log: paths.log, accessLog: paths.accessLog, ...owner },
    ...{ maxOpenFiles: options.maxOpenFiles, oomScoreAdj: options.oomScoreAdj },
    signal: context.signal,
  })
  if ('state' in launched) return launched
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

/** The sidecar if it runs from this spec. Throws `conflict` when it runs from another. */
async function runningFrom(
  layout: Layout,
  id: string,
  hash: string,
): Promise<SidecarStatus | undefined> {
  const found = await find(layout, id)
  if (found?.process === undefined) return undefined
  if (found.record?.specHash === hash) return statusOf(layout, id, found)
  throw new EnvoyRuntimeError(
    'conflict',
    `sidecar ${id} already runs as process ${found.process.pid} from another spec: stop it first`,
  )
}

/** Launches, or, when another starter was faster, returns what that one made. */
async function launchLocked(
  { layout, settings }: Start,
  hash: string,
  options: Launch,
): Promise<Launched | SidecarStatus> {
  try {
    return await launch(options)
  } catch (error) {
    const running = await runningFrom(layout, settings.id, hash)
    if (running !== undefined) return running
    throw error
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

async function netnsIdentity(path: string): Promise<FileIdentity> {
  try {
    const [{ type }, identity] = await Promise.all([statfs(path), identityOf(path)])
    if (type === NSFS_MAGIC && identity !== undefined) return identity
  } catch (error) {
    throw new EnvoyRuntimeError('netns-missing', `open network namespace ${path}`, { cause: error })
  }
  throw new EnvoyRuntimeError('netns-missing', `${path} is not a namespace (any more)`)
}
