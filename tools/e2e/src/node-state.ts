import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type Lab, type Pod } from '@proxy/lab'

import { sidecarProcesses } from './processes.ts'

/** What is there, by kind; kinds of which there is nothing are left out. */
export type NodeState = Readonly<Record<string, readonly string[]>>

/**
 * Everything of ours on the node and in the namespaces of `pods`, as kernel and file system have it.
 * Empty when no pod is captured.
 */
export async function oursOn(lab: Lab, pods: readonly Pod[] = []): Promise<NodeState> {
  const { runDir, sidecarDir, stateDir } = lab.paths
  const processes = await sidecarProcesses(lab)
  const inside = await Promise.all(pods.map((pod) => oursInside(pod)))
  return withoutEmpty({
    journal: await namesIn(join(stateDir, 'journal')),
    queue: await namesIn(join(stateDir, 'delete-queue')),
    pins: await namesIn(join(runDir, 'netns')),
    mounts: await mountsBelow(join(runDir, 'netns')),
    files: await namesIn(join(sidecarDir, 'sidecars')),
    records: await namesIn(join(sidecarDir, 'records')),
    peers: await peersIn(join(sidecarDir, 'shared', 'outbound-listener.json'), pods),
    processes: processes.map(({ pid, commandLine }) => `${pid} ${commandLine}`),
    inside: inside.flat(),
  })
}

/** What the reference plugins keep of pods: addresses of host-local, and ends of cables. */
export async function networkOn(lab: Lab): Promise<NodeState> {
  const reserved = await namesIn(join(lab.paths.varLib, 'cni', 'networks', 'lab'))
  const { stdout } = await lab.run(['ip', '-o', 'link', 'show', 'type', 'veth'])
  return withoutEmpty({
    addresses: reserved.filter((name) => name !== 'lock' && !name.startsWith('last_reserved_ip')),
    results: await namesIn(join(lab.paths.varLib, 'cni', 'results')),
    cables: stdout.split('\n').filter(Boolean),
  })
}

/** The rules of a namespace as the kernel has them, in every packet filter, without counters. */
export async function rulesIn(pod: Pod): Promise<string> {
  const programs: readonly (readonly [string, ...string[]])[] = [
    ['nft', '--stateless', 'list', 'ruleset'],
    ['iptables-legacy-save'],
    ['ip6tables-legacy-save'],
  ]
  const outputs = await Promise.all(programs.map((program) => pod.run(program)))
  const failed = outputs.find(({ exitCode }) => exitCode !== 0)
  if (failed !== undefined) throw new Error(`rules cannot be listed: ${failed.stderr}`)
  const text = outputs.map(({ stdout }) => stdout).join('')
  // iptables-save: the time as a comment, and the counters of built-in chains.
  return text.replaceAll(/^#.*\n/gm, '').replaceAll(/ \[\d+:\d+\]$/gm, '')
}

async function oursInside(pod: Pod): Promise<readonly string[]> {
  const { exitCode } = await pod.run(['true'])
  if (exitCode !== 0) return [] // the namespace is gone, and everything with it
  const rules = (await rulesIn(pod)).split('\n').filter((line) => /proxy/i.test(line))
  const { stdout } = await pod.run(['ip', '-o', 'addr', 'show', 'dev', 'lo'])
  const addresses = stdout.split('\n').filter((line) => line.includes(' ::6/'))
  return [...rules, ...addresses].map((line) => `${pod.netnsName}: ${line.trim()}`)
}

async function peersIn(file: string, pods: readonly Pod[]): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(ifMissing(''))
  return pods.filter((pod) => pod.added && text.includes(`"${pod.ip}"`)).map(({ ip }) => ip)
}

async function mountsBelow(directory: string): Promise<readonly string[]> {
  return (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mount) => mount.startsWith(`${directory}/`))
}

function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(ifMissing([]))
}

function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value
    throw error
  }
}

function withoutEmpty(state: NodeState): NodeState {
  return Object.fromEntries(Object.entries(state).filter(([, found]) => found.length > 0))
}
