import { readFile } from 'node:fs/promises'

/** The most that a sidecar gets. */
const WANTED = 65_536
/** A connection takes two; HTTP keeps the one behind the sidecar for a moment when the client is gone. */
const PER_CONNECTION = 3

/** How many files a sidecar may have open, and how many connections it takes with them. */
export interface Descriptors {
  readonly maxOpenFiles: number
  readonly maxConnections: number
}

/**
 * What sidecars get of this process's own limit. An Envoy that has no descriptor left for a socket
 * ends, and every connection of the pod with it: it has to refuse some before that.
 */
export async function sidecarDescriptors(): Promise<Descriptors> {
  return descriptorsWithin(hardLimitIn(await readFile('/proc/self/limits', 'utf8')))
}

/** The same of a given limit. */
export function descriptorsWithin(hardLimit: number): Descriptors {
  const maxOpenFiles = Math.min(WANTED, hardLimit)
  return { maxOpenFiles, maxConnections: Math.max(1, Math.floor(maxOpenFiles / PER_CONNECTION)) }
}

/** The hard limit of open files in the text of `/proc/<pid>/limits` (proc(5)). */
export function hardLimitIn(limits: string): number {
  const [, hard] = /^Max open files +\S+ +(\S+)/m.exec(limits) ?? []
  return hard === undefined || hard === 'unlimited' ? Infinity : Number(hard)
}
