import { connect, type Socket } from 'node:net'

import { type Supervision } from '../pod/parts.ts'

/** What {@link createSupervision} works with. */
export interface SupervisionOptions {
  /** Path of a sidecar's admin socket. */
  readonly adminSocketOf: (containerId: string) => string
  /** Called when a watched sidecar has ended, at most once per {@link Supervision.watch}. */
  readonly onEnd: (containerId: string) => void
  /** Numbers from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number
  /** Calls `work` later; for tests. Default: a timer that does not keep the process alive. */
  readonly later?: (work: () => void, delayMs: number) => NodeJS.Timeout
}

/** The wait after the first end; doubled with each end that follows soon. */
const FIRST_DELAY_MS = 100

/** The longest wait between two starts of a sidecar that keeps ending. */
const MOST_DELAY_MS = 30_000
/** A sidecar that lived this long has recovered: the next end is a first one again. */
const RECOVERED_MS = 60_000

interface Watched {
  readonly socket: Socket
  readonly since: number
  timer?: NodeJS.Timeout
}

/**
 * Notices within a moment that an Envoy has ended, without looking: a connection to its admin socket,
 * over which nothing is ever said, closes with the process. What ends again soon is reported later
 * each time, with jitter, so that a crash loop costs little and many sidecars do not start at once.
 */
export function createSupervision(options: SupervisionOptions): Supervision {
  const { adminSocketOf, onEnd, random, later = laterUnref } = options
  const watched = new Map<string, Watched>()
  /** Ends in a row, each soon after the one before, and all of them. */
  const ends = new Map<string, { readonly inARow: number; readonly total: number }>()

  const unwatch = (containerId: string): void => {
    const entry = watched.get(containerId)
    watched.delete(containerId)
    clearTimeout(entry?.timer)
    entry?.socket.destroy()
  }
  const ended = (containerId: string, entry: Watched): void => {
    if (watched.get(containerId) !== entry) return // no longer watched, or anew
    const recovered = performance.now() - entry.since >= RECOVERED_MS
    const before = ends.get(containerId) ?? { inARow: 0, total: 0 }
    const inARow = recovered ? 0 : before.inARow
    ends.set(containerId, { inARow: inARow + 1, total: before.total + 1 })
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** inARow, MOST_DELAY_MS) * (1 - random() / 2)
    entry.timer = later(() => {
      watched.delete(containerId)
      onEnd(containerId)
    }, delayMs)
  }
  return {
    watch(containerId) {
      if (watched.has(containerId)) return
      const socket = connect(adminSocketOf(containerId))
      const entry: Watched = { socket, since: performance.now() }
      watched.set(containerId, entry)
      socket.unref()
      socket.on('error', () => undefined) // always followed by close
      socket.on('end', () => socket.destroy())
      socket.on('close', () => ended(containerId, entry))
    },
    endsOf: (containerId) => ends.get(containerId)?.total ?? 0,
    unwatch(containerId) {
      unwatch(containerId)
      ends.delete(containerId)
    },
    close() {
      for (const containerId of watched.keys()) unwatch(containerId)
    },
  }
}

function laterUnref(work: () => void, delayMs: number): NodeJS.Timeout {
  return setTimeout(work, delayMs).unref()
}
