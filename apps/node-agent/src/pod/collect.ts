import { type AttachmentId } from '@proxy/agent-api'

import { type Attachment } from '../state/pod-record.ts'
import { type Parts } from './parts.ts'
import { detachPod } from './detach.ts'
import { ReleaseError } from './release.ts'

/**
 * Takes off every attachment to a network that is not listed (CNI 1.1, GC). One that fails does
 * not keep the others. Leftovers that no pod is known for are the reconcile loop's. Runs while
 * nothing else does.
 * @returns the container ids that were released.
 * @throws ReleaseError with everything that failed.
 */
export async function collectGarbage(
  parts: Parts,
  network: string,
  valid: readonly AttachmentId[],
): Promise<readonly string[]> {
  const inUse = new Set(valid.map(({ containerId, ifname }) => `${containerId} ${ifname}`))
  const removed: string[] = []
  const failures: unknown[] = []
  for (const { containerId, attachments } of parts.journal.list()) {
    const isGone = (attachment: Attachment): boolean =>
      attachment.network === network && !inUse.has(`${containerId} ${attachment.ifname}`)
    if (!attachments.some(isGone)) continue
    try {
      if (await detachPod(parts, containerId, isGone)) removed.push(containerId)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) {
    const why = failures.map((error) => (error as Error).message).join('; ')
    throw new ReleaseError(failures, why)
  }
  return removed
}
