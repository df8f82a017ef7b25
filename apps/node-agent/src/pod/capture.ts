import { type AddRequest } from '@proxy/agent-api'

import { type PodRecord } from '../state/pod-record.ts'
import { type Parts, podFields } from './parts.ts'
import { releasePod } from './release.ts'

/**
 * A step of a capture failed; everything done before it was undone, or the message says what of that
 * failed too: the reconcile loop then tries it again.
 */
export class CaptureError extends Error {
  override name = 'CaptureError'
  readonly step: string

  constructor(step: string, { cause, undoing }: { cause: unknown; undoing?: unknown }) {
    const more = undoing === undefined ? '' : `; undoing it failed too: ${textOf(undoing)}`
    super(`${step}: ${textOf(cause)}${more}`, { cause })
    this.step = step
  }
}

/**
 * Gives a pod its sidecar: the intent is journalled first, then each step, of which every one may be
 * repeated, then that it is done. A failure is rolled back; a crash in between is finished by the
 * next ADD, DEL, GC or start of the agent. Runs under the pod's lock.
 * @throws CaptureError naming the step.
 */
export async function capturePod(
  parts: Parts,
  request: AddRequest,
  signal: AbortSignal,
): Promise<PodRecord> {
  const { journal, network, sidecars, identities, peers, log, now } = parts
  const start = performance.now()
  const { containerId } = request
  const before = journal.get(containerId)
  let step = 'release what the container id stood for before'
  let record: PodRecord | undefined
  try {
    if (before !== undefined && !network.isSame(request.netns, before.netnsId)) {
      await releasePod(parts, before)
    }
    step = 'pin the network namespace'
    const netnsId = await network.pin(containerId, request.netns)
    record = recordOf(request, { netnsId, network, now: now(), before: journal.get(containerId) })
    step = 'journal the intent'
    await journal.write(record)
    step = 'read the addresses of the pod'
    const addresses = union(request.podIps, await network.addresses(containerId))
    record = { ...record, addresses }
    step = 'give the sidecar its identity'
    await identities.provision(record)
    step = 'redirect the traffic of the pod'
    await network.redirect(record)
    signal.throwIfAborted()
    step = 'start the sidecar'
    await sidecars.start(record, signal)
    signal.throwIfAborted()
    step = 'tell the other sidecars of the pod'
    await peers.set(containerId, addresses)
    step = 'journal the result'
    record = { ...record, phase: 'captured' }
    await journal.write(record)
    parts.supervision.watch(containerId)
  } catch (error) {
    log.error('capture failed', { ...podFields(request), step, error: textOf(error) })
    const undoing = await releasePod(parts, record ?? { containerId }).then(
      () => undefined,
      (failure: unknown) => failure,
    )
    throw new CaptureError(step, { cause: error, undoing })
  }
  const durationMs = Math.round(performance.now() - start)
  log.info('pod captured', { ...podFields(record), reason: record.reason, durationMs })
  return record
}

function recordOf(
  request: AddRequest,
  {
    netnsId,
    network: { backend, proxyUid, proxyGid },
    now,
    before,
  }: {
    readonly netnsId: PodRecord['netnsId']
    readonly network: Parts['network']
    readonly now: Date
    readonly before: PodRecord | undefined
  },
): PodRecord {
  const { containerId, network, ifname, pod, netns, capture, reason } = request
  const others = (before?.attachments ?? []).filter((attachment) => attachment.ifname !== ifname)
  return {
    version: 1,
    ...{ containerId, pod, netns, netnsId, backend, proxyUid, proxyGid, capture, reason },
    attachments: [...others, { network, ifname }],
    phase: 'capturing',
    addresses: [],
    since: now.toISOString(),
  }
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])]
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
