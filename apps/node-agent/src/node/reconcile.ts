import { type Parts, podFields } from '../pod/parts.ts'
import { type PodLocks } from '../pod/pod-locks.ts'
import { detachPod } from '../pod/detach.ts'
import { releasePod } from '../pod/release.ts'
import { type PodRecord } from '../state/pod-record.ts'

/** A deletion that the plugin could not hand over while the agent was away. */
export interface QueuedRelease {
  readonly containerId: string
  readonly ifname: string
  /** Whether it still is in the queue: an ADD for the same container takes it out. */
  isWaiting(): Promise<boolean>
  /** Takes it out of the queue, when it is done. */
  done(): Promise<void>
}

/** What {@link reconcile} works with besides the parts of a pod. */
export interface ReconcileOptions {
  readonly locks: PodLocks
  /** Reads the delete queue. */
  queue(): Promise<readonly QueuedRelease[]>
  readonly signal: AbortSignal
}

/**
 * Compares what should be with what is, and repairs or removes each difference: queued deletions,
 * pods that went away, captures and releases that a crash cut off, sidecars that ended, rules that
 * somebody changed, leftovers that nobody knows. A sidecar that runs is adopted, never restarted.
 * Run at the start of the agent, before it takes requests, and from then on at intervals.
 */
export async function reconcile(parts: Parts, options: ReconcileOptions): Promise<void> {
  const { journal, log } = parts
  const { locks, signal } = options
  const attempt = async (containerId: string, work: () => Promise<void>): Promise<void> => {
    if (signal.aborted) return
    await locks.withPod(containerId, work).catch((error: unknown) => {
      const id = containerId.slice(0, 12)
      log.error('reconcile failed', { containerId: id, error: (error as Error).message })
    })
  }
  /** What cannot be listed is left for the next time: it must not end the agent. */
  const listed = async <T>(what: string, list: () => Promise<readonly T[]>) => {
    try {
      return await list()
    } catch (error) {
      log.error('reconcile failed', { list: what, error: (error as Error).message })
      return []
    }
  }
  for (const queued of await listed('delete queue', () => options.queue())) {
    const { containerId, ifname } = queued
    await attempt(containerId, async () => {
      if (!(await queued.isWaiting())) return
      await detachPod(parts, containerId, (attachment) => attachment.ifname === ifname)
      await queued.done()
    })
  }
  // Pods do not wait for each other: one that is slow to repair delays no other.
  await Promise.all(
    journal.list().map(({ containerId }) => {
      return attempt(containerId, () => repairPod(parts, containerId, signal))
    }),
  )
  const found = [
    ...(await listed('sidecars', () => parts.sidecars.list())),
    ...(await listed('pins', () => parts.network.pinned())),
  ]
  const leftovers = [...new Set(found)].filter(
    // A pod whose entry is unreadable goes on with what it has: without it, it would run bare.
    (id) => journal.get(id) === undefined && !journal.isSetAside(id),
  )
  for (const containerId of leftovers) {
    await attempt(containerId, async () => {
      if (journal.get(containerId) !== undefined) return
      log.warn('removing what no pod is known for', { containerId: containerId.slice(0, 12) })
      await releasePod(parts, { containerId })
    })
  }
}

/** The agent was configured another back end: its rules come first, so that nothing ever passes by. */
async function moveRules({ network, journal, log }: Parts, record: PodRecord): Promise<void> {
  const { containerId, backend: from } = record
  log.warn('moving the redirection', { ...podFields(record), from, to: network.backend })
  await network.redirect(record)
  await network.unredirect(containerId, from)
  await network.redirect(record) // what both have in common
  await journal.write({ ...record, backend: network.backend })
}

/** Brings one pod to where its journal entry says that it should be. Runs under the pod's lock. */
export async function repairPod(
  parts: Parts,
  containerId: string,
  signal: AbortSignal,
): Promise<void> {
  // Read under the lock: an ADD or DEL may have been faster.
  const record = parts.journal.get(containerId)
  if (record !== undefined) await settle(parts, record, signal)
}

async function settle(parts: Parts, record: PodRecord, signal: AbortSignal): Promise<void> {
  const { network, sidecars, identities, peers, supervision, log } = parts
  const fields = podFields(record)
  if (record.phase !== 'captured') {
    log.warn('finishing what was cut off', { ...fields, phase: record.phase })
    await releasePod(parts, record)
    return
  }
  if (!network.isSame(record.netns, record.netnsId)) {
    log.warn('the pod is gone', { ...fields, netns: record.netns })
    await releasePod(parts, record)
    return
  }
  await network.pin(record.containerId, record.netns)
  if (identities.factsOf(record.containerId) === undefined) await identities.provision(record)
  await peers.set(record.containerId, record.addresses)
  if (record.backend !== network.backend) await moveRules(parts, record)
  const faults = await network.redirectFaults(record)
  if (faults.length > 0) {
    log.warn('repairing the redirection', { ...fields, faults })
    await network.redirect(record)
  }
  try {
    await serve(parts, record, signal)
  } finally {
    supervision.watch(record.containerId) // one that could not be started is tried again later
  }
  await sidecars.trimLogs(record.containerId)
}

/** Starts the sidecar unless it runs as it should. */
async function serve(parts: Parts, record: PodRecord, signal: AbortSignal): Promise<void> {
  const { network, sidecars, log } = parts
  const process = await sidecars.inspect(record.containerId)
  // One that runs but has other ports is of another configuration of the agent.
  const wrong = process.running ? await network.socketFaults(record) : [process.detail]
  if (wrong.length === 0) return
  log.warn('starting the sidecar again', { ...podFields(record), detail: wrong.join('; ') })
  await sidecars.start(record, signal)
}
