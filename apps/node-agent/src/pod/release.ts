import { type PodRecord } from '../state/pod-record.ts'
import { type Parts, podFields } from './parts.ts'

/** A pod could not be released whole; what is left is tried again by the reconcile loop. */
export class ReleaseError extends AggregateError {
  override name = 'ReleaseError'
}

/**
 * Takes everything of ours away from a pod, in the reverse order of its making. Every step may be
 * repeated and none keeps the others from being done, so this also cleans up after a crash at any
 * line. Done when there is nothing. Runs under the pod's lock.
 * @throws ReleaseError when a step failed; the journal then still has the pod, as `releasing`.
 */
export async function releasePod(
  parts: Parts,
  what: PodRecord | { readonly containerId: string },
): Promise<void> {
  const { journal, network, sidecars, identities, peers, log } = parts
  const { containerId } = what
  parts.supervision.unwatch(containerId)
  const record = journal.get(containerId) ?? ('phase' in what ? what : undefined)
  const steps: readonly (readonly [string, () => Promise<void>])[] = [
    ['tell the other sidecars', () => peers.remove(containerId)],
    ['stop renewing the identity', () => identities.suspend(containerId)],
    ['stop the sidecar', () => sidecars.remove(containerId)],
    // Its folder, which belongs to Envoy's user, is gone by now whatever that has put there.
    ['retire the identity', () => identities.retire(containerId)],
    ['remove the redirection', () => network.unredirect(containerId, record?.backend)],
    ['unpin the network namespace', () => network.unpin(containerId)],
  ]
  const failures: Error[] = []
  const attempt = async (step: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      failures.push(new Error(`${step}: ${(error as Error).message}`, { cause: error }))
    }
  }
  if (record !== undefined && record.phase !== 'releasing') {
    await attempt('journal the intent', () => journal.write({ ...record, phase: 'releasing' }))
  }
  // On a full disk the intent cannot be written, but a pod can be released: that needs no space.
  const intent = failures.splice(0)
  for (const [step, work] of steps) await attempt(step, work)
  if (failures.length === 0) {
    await attempt('remove the journal entry', () => journal.remove(containerId))
  }
  if (failures.length > 0) {
    failures.unshift(...intent)
    const why = failures.map(({ message }) => message).join('; ')
    log.error('release failed', { containerId: containerId.slice(0, 12), error: why })
    throw new ReleaseError(failures, why)
  }
  if (record !== undefined) log.info('pod released', podFields(record))
}
