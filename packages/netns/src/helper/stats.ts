import { readdirSync, readlinkSync } from 'node:fs'

import { errnoOf } from '../error.ts'
import { type HelperStats } from '../protocol.ts'

/** Looks at this process. */
export function helperStats(inFlight: number): HelperStats {
  const own = readlinkSync('/proc/self/ns/net')
  const threads = readdirSync('/proc/self/task').flatMap((id) => {
    try {
      return [readlinkSync(`/proc/self/task/${id}/ns/net`)]
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [] // ended since the folder was read
      throw error
    }
  })
  return {
    pid: process.pid,
    rssBytes: process.memoryUsage.rss(),
    openFds: readdirSync('/proc/self/fd').length - 1, // the folder itself is open
    threads: threads.length,
    foreignThreads: threads.filter((netns) => netns !== own).length,
    inFlight,
  }
}
