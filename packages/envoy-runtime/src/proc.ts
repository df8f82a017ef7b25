import { readdir, readFile, stat } from 'node:fs/promises'
import { systemCode } from './error.ts'
import { type SidecarStats } from './runtime.ts'

/** What `/proc/<pid>/stat` says that is needed here (proc_pid_stat(5)). */
export interface ProcessStat {
  /** `R`, `S`, `D`, … `Z` is a zombie: dead, and nobody has asked how. */
  readonly state: string
  /** Clock ticks between boot and its start. With the pid it names one process, and no later one. */
  readonly startTicks: number
  readonly cpuTicks: number
  readonly threads: number
}

/** A file as the kernel knows it, whatever its name. */
export interface FileIdentity {
  readonly dev: number
  readonly ino: number
}

/** Ticks per second of `/proc`: a constant of Linux' interface on the platforms Envoy is built for. */
const USER_HZ = 100

/** Reads a process; `undefined` when there is none. */
export async function processStat(pid: number): Promise<ProcessStat | undefined> {
  const text = await readOrGone(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The name is in parentheses and may hold anything, parentheses too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const number = (index: number): number => Number(fields[index])
  return {
    state: fields[0] ?? '',
    startTicks: number(19),
    cpuTicks: number(11) + number(12),
    threads: number(17),
  }
}

/** Whether this very process still runs: same pid, same start, not a zombie. */
export async function isAlive(pid: number, startTicks: number): Promise<boolean> {
  const found = await processStat(pid)
  return found?.startTicks === startTicks && !isDead(found)
}

/**
 * Whether nothing of a process runs any more. A zombie with more than one thread is still ending:
 * its sockets and its lock are not free yet.
 */
export function isDead({ state, threads }: ProcessStat): boolean {
  return (state === 'Z' || state === 'X' || state === 'x') && threads <= 1
}

/** The program file a process runs; `undefined` when it is gone. */
export async function executableOf(pid: number): Promise<FileIdentity | undefined> {
  return identityOf(`/proc/${pid}/exe`)
}

/** A file by its path; `undefined` when it is gone. */
export async function identityOf(path: string): Promise<FileIdentity | undefined> {
  try {
    const { dev, ino } = await stat(path)
    return { dev, ino }
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** Changes at each boot: pids and ticks of another boot say nothing. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}

/**
 * The process that holds a `flock` on a file, asked of the kernel: it needs no record, so it finds a
 * process whose record is lost. `undefined` when nobody holds it.
 */
export async function lockHolder(path: string): Promise<number | undefined> {
  const file = await identityOf(path)
  if (file === undefined) return undefined
  const locks = await readFile('/proc/locks', 'utf8')
  for (const line of locks.split('\n')) {
    // "1: FLOCK  ADVISORY  WRITE 16963 fe:00:9994599 0 EOF"
    const [, kind, , , pid, where] = line.trim().split(/\s+/)
    if (kind !== 'FLOCK' || where?.split(':')[2] !== String(file.ino)) continue
    // Inode numbers repeat between file systems, and some show another device here than stat does.
    if (await hasOpen(Number(pid), file)) return Number(pid)
  }
  return undefined
}

/** What a process costs; `undefined` when it is gone. */
export async function processStats(pid: number): Promise<SidecarStats | undefined> {
  const [found, status, fds] = await Promise.all([
    processStat(pid),
    readOrGone(`/proc/${pid}/status`),
    listOrGone(`/proc/${pid}/fd`),
  ])
  if (found === undefined || status === undefined || fds === undefined) return undefined
  const rss = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? '0'
  return {
    rssBytes: Number(rss) * 1024,
    cpuMs: (found.cpuTicks * 1000) / USER_HZ,
    fds: fds.length,
    threads: found.threads,
  }
}

async function hasOpen(pid: number, file: FileIdentity): Promise<boolean> {
  for (const fd of (await listOrGone(`/proc/${pid}/fd`)) ?? []) {
    const open = await identityOf(`/proc/${pid}/fd/${fd}`)
    if (open?.ino === file.ino && open.dev === file.dev) return true
  }
  return false
}

async function readOrGone(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

async function listOrGone(path: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** A process can end between two reads: the file is gone (ENOENT) or has no process (ESRCH). */
function isGone(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ESRCH'
}
