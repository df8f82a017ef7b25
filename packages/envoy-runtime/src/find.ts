import { readFile } from 'node:fs/promises'
import { systemCode } from './error.ts'
import { type Layout } from './layout.ts'
import { BINARY } from './launch.ts'
import {
  bootId,
  executableOf,
  type FileIdentity,
  identityOf,
  isAlive,
  isDead,
  lockHolder,
  processStat,
} from './proc.ts'
import { readRecord, type SidecarRecord } from './record.ts'
import { type SidecarStatus } from './runtime.ts'
import { type RunningProcess } from './stop.ts'

/** What there is of a sidecar. */
export interface Found {
  /** Its process, if it lives. */
  readonly process?: RunningProcess
  readonly record?: SidecarRecord
}

/** Looks for a sidecar: the record names a process, the kernel says whether it is that one. */
export async function find(layout: Layout, id: string): Promise<Found | undefined> {
  const record = await readRecord(layout.record(id))
  if (record !== undefined && (await isRecorded(record))) {
    return { record, process: { pid: record.pid, startTicks: record.startTicks } }
  }
  const holder = await lockHolder(layout.lock(id))
  const holding = holder === undefined ? undefined : await processStat(holder)
  if (
    holder !== undefined &&
    holding !== undefined &&
    !isDead(holding) &&
    (await isEnvoy(holder))
  ) {
    // The record was lost; whoever holds the lock is the sidecar.
    return { process: { pid: holder, startTicks: holding.startTicks } }
  }
  if (record !== undefined) return { record }
  const { directory } = layout.sidecar(id)
  const left = await Promise.all([directory, layout.lock(id)].map((path) => identityOf(path)))
  return left.some((file) => file !== undefined) ? {} : undefined
}

async function isRecorded(record: SidecarRecord): Promise<boolean> {
  if (record.bootId !== (await bootId())) return false
  if (!(await isAlive(record.pid, record.startTicks))) return false
  const executable = await executableOf(record.pid)
  // A process that is ending gives its memory back before its sockets and its lock: still ours.
  return executable === undefined || same(executable, record.executable)
}

/** A launcher that waits for its word has the lock too, but is called otherwise. */
async function isEnvoy(pid: number): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).startsWith(`${BINARY}\0`)
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ESRCH') return false
    throw error
  }
}

/** What {@link find} found, for the caller. */
export function statusOf(layout: Layout, id: string, { process, record }: Found): SidecarStatus {
  const paths = layout.sidecar(id)
  const known =
    record === undefined
      ? { labels: {} }
      : {
          labels: record.labels,
          startedAt: record.startedAt,
          netns: record.netns,
          specHash: record.specHash,
        }
  if (process !== undefined) return { id, state: 'running', pid: process.pid, paths, ...known }
  return { id, state: record === undefined ? 'prepared' : 'exited', paths, ...known }
}

/** Whether two files are one. */
export function same(a: FileIdentity | undefined, b: FileIdentity): boolean {
  return a?.dev === b.dev && a.ino === b.ino
}
