import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { queueExtension, type QueuedDelete, queueFileName } from './delete-queue-write.ts'
import { requestSchemas } from './protocol.ts'
import { type AttachmentId } from './types.ts'

/** One entry of the delete queue. */
export interface QueueEntry extends QueuedDelete {
  /** Its file, to be handed to {@link removeQueueEntry} when the deletion is done. */
  path: string
}

/** What is in the delete queue. */
export interface DeleteQueue {
  /** Deletions to do, oldest first. */
  entries: QueueEntry[]
  /** Files that are no entries, with the reason; the caller decides what becomes of them. */
  unreadable: { path: string; reason: string }[]
}

/** The largest entry that is read, in bytes. */
const MAX_ENTRY = 65_536

const entrySchema: z.ZodType<QueuedDelete> = z.object({
  version: z.literal(1),
  queuedAt: z.string().max(64),
  request: requestSchemas.del,
})

/** Reads the delete queue; a directory that does not exist is an empty one. */
export async function readDeleteQueue(directory: string): Promise<DeleteQueue> {
  const queue: DeleteQueue = { entries: [], unreadable: [] }
  for (const name of await namesIn(directory)) {
    if (!name.endsWith(queueExtension)) continue
    const path = join(directory, name)
    try {
      const entry = entrySchema.parse(JSON.parse(await readBounded(path)))
      queue.entries.push({ ...entry, path })
    } catch (error) {
      // Two agents, or an agent and an operator, may empty the queue at once.
      if (isMissing(error)) continue
      queue.unreadable.push({ path, reason: error instanceof Error ? error.message : 'unknown' })
    }
  }
  queue.entries.sort((a, b) => (a.queuedAt < b.queuedAt ? -1 : 1))
  return queue
}

/** Takes an entry out of the queue; one that is gone already is fine. */
export async function removeQueueEntry(entry: Pick<QueueEntry, 'path'>): Promise<void> {
  await rm(entry.path, { force: true })
}

/**
 * Takes back a queued deletion: for an attachment that is being added again. Nothing queued is fine.
 */
export async function cancelQueuedDelete(
  directory: string,
  attachment: AttachmentId,
): Promise<void> {
  await rm(join(directory, queueFileName(attachment)), { force: true })
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

async function readBounded(path: string): Promise<string> {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  if (size > MAX_ENTRY) throw new RangeError(`it has ${size} bytes, more than ${MAX_ENTRY}`)
  return await file.readFile('utf8')
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
