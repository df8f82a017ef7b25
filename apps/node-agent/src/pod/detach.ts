import { type Attachment } from '../state/pod-record.ts'
import { type Parts } from './parts.ts'
import { releasePod } from './release.ts'

/**
 * Takes attachments off a pod, and releases it when none is left: a pod that is attached to several
 * networks (by Multus, say) has one sidecar, which stays until the last of them is deleted. A
 * container that is not known is released all the same, for what a crash may have left of it. Runs
 * under the pod's lock.
 * @returns whether the pod was known and is released now.
 */
export async function detachPod(
  parts: Parts,
  containerId: string,
  isGone: (attachment: Attachment) => boolean,
): Promise<boolean> {
  const { journal } = parts
  const record = journal.get(containerId)
  const left = record?.attachments.filter((attachment) => !isGone(attachment)) ?? []
  if (record === undefined || record.phase === 'releasing' || left.length === 0) {
    await releasePod(parts, record ?? { containerId })
    return record !== undefined
  }
  if (left.length < record.attachments.length) {
    await journal.write({ ...record, attachments: left })
  }
  return false
}
