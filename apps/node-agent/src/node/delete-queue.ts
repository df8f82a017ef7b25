import { existsSync } from 'node:fs'

import { readDeleteQueue, removeQueueEntry } from '@proxy/agent-api'

import { type Log } from '../pod/parts.ts'
import { type QueuedRelease } from './reconcile.ts'

/** The deletions that the plugin left while the agent was away, oldest first. */
export async function queuedReleases(
  directory: string,
  log: Log,
): Promise<readonly QueuedRelease[]> {
  const { entries, unreadable } = await readDeleteQueue(directory)
  for (const { path, reason } of unreadable) {
    log.warn('an entry of the delete queue is unreadable and stays', { path, reason })
  }
  return entries.map((entry) => ({
    containerId: entry.request.containerId,
    ifname: entry.request.ifname,
    isWaiting: () => Promise.resolve(existsSync(entry.path)),
    done: () => removeQueueEntry(entry),
  }))
}
