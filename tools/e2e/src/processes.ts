import { readdir, readFile, readlink } from 'node:fs/promises'

import { type Lab, type Pod } from '@proxy/lab'

/** A process, as the kernel lists it. */
export interface ProcessInfo {
  readonly pid: number
  /** When it started, in clock ticks since boot: with the pid it names one process for good. */
  readonly startTicks: number
  readonly commandLine: string
}

/** Processes that have something to do with the lab's sidecars, those being launched included. */
export async function sidecarProcesses({ paths }: Lab): Promise<readonly ProcessInfo[]> {
  const mark = `${paths.sidecarDir}/`
  return (await allProcesses()).filter(({ commandLine }) => commandLine.includes(mark))
}

/** The pod's Envoys: one when all is well. */
export async function envoysOf(lab: Lab, pod: Pod): Promise<readonly ProcessInfo[]> {
  const found = await sidecarProcesses(lab)
  return found.filter(({ commandLine }) => commandLine.includes(`/${pod.containerId}/`))
}

/** The pod's one Envoy; throws when there is none or several. */
export async function envoyOf(lab: Lab, pod: Pod): Promise<ProcessInfo> {
  const found = await envoysOf(lab, pod)
  const [envoy] = found
  if (envoy === undefined || found.length > 1) {
    throw new Error(`${pod.identity.name} has ${found.length} Envoys`)
  }
  return envoy
}

/** The network namespace of a process, such as `net:[4026531840]`. */
export function netnsOf(pid: number): Promise<string> {
  return readlink(`/proc/${pid}/ns/net`)
}

/** Effective user id and effective capabilities of a process. */
export async function rightsOf(
  pid: number,
): Promise<{ readonly uid: number; readonly capabilities: bigint; readonly noNewPrivs: boolean }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? ''
  return {
    uid: Number(field('Uid').split(/\s+/)[1]),
    capabilities: BigInt(`0x${field('CapEff')}`),
    noNewPrivs: field('NoNewPrivs') === '1',
  }
}

async function allProcesses(): Promise<readonly ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map((pid) => processInfo(pid)))
  return found.filter((info) => info !== undefined)
}

async function processInfo(pid: number): Promise<ProcessInfo | undefined> {
  try {
    const [commandLine, stat] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    // The name in brackets may hold anything; what follows it is fields 3 and on (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const commands = commandLine.replaceAll('\0', ' ')
    return { pid, startTicks: Number(fields[19]), commandLine: commands }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined // it ended meanwhile
    throw error
  }
}
