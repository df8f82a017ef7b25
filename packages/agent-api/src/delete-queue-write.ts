import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type DelRequest } from './types.ts'

/** A deletion that waits for the agent, as its file holds it. */
export interface QueuedDelete {
  /** Version of this format. */
  version: 1
  /** When the runtime asked, RFC 3339. */
  queuedAt: string
  /** What it asked. */
  request: DelRequest
}

/** The extension of finished entries; files still being written have another. */
export const queueExtension = '.json'

/**
 * The name of an entry's file: one per attachment, so that repeating a DEL replaces it. `@` is in
 * neither part.
 */
export function queueFileName(request: Pick<DelRequest, 'containerId' | 'ifname'>): string {
  const part = (text: string): string => encodeURIComponent(text)
  return `${part(request.containerId)}@${part(request.ifname)}${queueExtension}`
}

/**
 * Puts a deletion into the queue, durably: after it returns, a power cut does not lose it. May be
 * called again for the same attachment, also from several processes at once.
 * @returns the path of the entry.
 */
export async function enqueueDelete(directory: string, entry: QueuedDelete): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const name = queueFileName(entry.request)
  const temporary = join(directory, `.${crypto.randomUUID()}.tmp`)
  try {
    await using file = await open(temporary, 'wx', 0o600)
    await file.writeFile(`${JSON.stringify(entry)}\n`)
    await file.sync()
    await rename(temporary, join(directory, name))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await using handle = await open(directory, 'r')
  await handle.sync()
  return join(directory, name)
}
