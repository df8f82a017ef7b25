import { type AttachmentId } from '@proxy/agent-api'

import { type Parts } from './parts.ts'
import { ReleaseError, releasePod } from './release.ts'

/**
 * Releases every pod of a network whose attachment is not listed (CNI 1.1, GC). One that fails does
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
  const keyOf = ({ containerId, ifname }: AttachmentId): string => `${containerId} ${ifname}`
  const inUse = new Set(valid.map(keyOf))
  const removed: string[] = []
  const failures: unknown[] = []
  for (const record of parts.journal.list()) {
    if (record.network !== network || inUse.has(keyOf(record))) continue
    try {
      await releasePod(parts, record)
      removed.push(record.containerId)
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
