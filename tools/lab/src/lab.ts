import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { type Finished, run, testDependencies } from '@proxy/testkit'

import { type AgentProcess, startAgent } from './agent-process.ts'
import { confList, createCniClient } from './cnitool.ts'
import {
  createLabDirectory,
  type LabPaths,
  labPaths,
  mountsBelow,
  removeLabDirectory,
} from './lab-directory.ts'
import { addNamespace, namespacesOf, netnsPath, removeNamespaces } from './namespaces.ts'
import { createPod, type Pod } from './pod.ts'
import { SUBNETS } from './subnets.ts'

/** What a lab is made of. */
export interface LabOptions {
  /** Begins the names of its namespaces and folder: lower-case letters, digits, dashes. */
  readonly name: string
  /** Keys of our plugin's entry in the configuration list; `undefined` leaves the entry out. */
  readonly plugin: Readonly<Record<string, unknown>> | undefined
  /** Whether pods get an IPv6 address too. Default false. */
  readonly dualStack?: boolean
}

/** What a pod of the lab is called and says. */
export interface PodOptions {
  readonly name: string
  /** Default `default`. */
  readonly namespace?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * A node in a network namespace: a bridge by the reference plugins, our plugin chained last, called
 * by libcni's cnitool, and the agent. Everything is below one folder and in namespaces of one prefix.
 */
export interface Lab extends AsyncDisposable {
  readonly name: string
  readonly paths: LabPaths
  /** The node's namespace. */
  readonly netns: string
  /** Starts the agent (bundled by `nx build`) and waits until it serves. */
  startAgent(flags?: readonly string[]): Promise<AgentProcess>
  /** Makes a namespace for a pod; call its `start` to have it added to the network. */
  createPod(options: PodOptions): Promise<Pod>
  /** Replaces the keys of our plugin's entry. */
  configurePlugin(plugin: LabOptions['plugin']): Promise<void>
  /** Runs a program in the node's namespace. */
  run(argv: readonly [string, ...string[]]): Promise<Finished>
  /** Calls a pod's service from the node, which has no proxy; returns what it printed. */
  request(ip: string, path: string): Promise<Finished>
  /** Runs sidecarctl against the lab's agent. */
  sidecarctl(...args: readonly string[]): Promise<Finished>
  /** The agent's log so far. */
  agentLog(): Promise<string>
}

/** Files that `nx build` makes. */
export const BUILT: Readonly<Record<'proxyCni' | 'agent' | 'sidecarctl', string>> = {
  proxyCni: built('apps/cni/dist/proxy-cni'),
  agent: built('apps/node-agent/dist/main.js'),
  sidecarctl: built('apps/sidecarctl/dist/main.js'),
}

/** Makes the node. What a crashed one of the same name left is removed first. */
export async function createLab({ name, plugin, dualStack = false }: LabOptions): Promise<Lab> {
  for (const file of [BUILT.proxyCni, BUILT.agent]) {
    if (!existsSync(file)) throw new Error(`${file} is missing: run \`pnpm build\``)
  }
  await removeLab(name)
  const root = rootOf(name)
  const paths = await createLabDirectory(root, {
    envoy: testDependencies().envoy,
    proxyCni: BUILT.proxyCni,
  })
  const netns = await addNamespace(`${name}-node`)
  const client = createCniClient(netns, paths)
  const enter = ['nsenter', `--net=${netns}`, '--'] as const
  const lab: Lab = {
    name,
    paths,
    netns,
    startAgent: (flags = []) => startAgent(netns, paths, { main: BUILT.agent, flags }),
    async createPod({ name: podName, namespace = 'default', annotations = {} }) {
      const netnsName = `${name}-${namespace}-${podName}`
      const identity = { namespace, name: podName, uid: randomUUID(), annotations }
      return createPod(identity, netnsName, await addNamespace(netnsName), { client, paths })
    },
    async configurePlugin(keys) {
      const subnets = dualStack ? [SUBNETS.ipv4, SUBNETS.ipv6] : [SUBNETS.ipv4]
      const list = confList({ subnets, paths, plugin: keys })
      await writeFile(join(paths.netConf, '10-lab.conflist'), JSON.stringify(list, undefined, 2))
    },
    run: (argv) => run([...enter, ...argv]),
    request: (ip, path) =>
      run([...enter, paths.node, join(paths.bookinfo, 'client.mjs'), ip, path]),
    sidecarctl: (...args) =>
      run([process.execPath, BUILT.sidecarctl, '--socket', paths.socket, ...args]),
    agentLog: () => readFile(paths.agentLog, 'utf8').catch(() => ''),
    [Symbol.asyncDispose]: () => removeLab(name),
  }
  await lab.configurePlugin(plugin)
  return lab
}

/** Ends every process of a lab and removes its namespaces, mounts and files; repeatable. */
export async function removeLab(name: string): Promise<void> {
  await removeNamespaces(`${name}-`)
  await removeLabDirectory(rootOf(name))
}

/** Whether a lab of this name, or a part of one, is there. */
export async function labExists(name: string): Promise<boolean> {
  const namespaces = await namespacesOf(`${name}-`)
  return namespaces.length > 0 || (await mountsBelow(rootOf(name))).length > 0
}

/** The folder and the node's namespace of a lab that is running. */
export function labPlaces(name: string): { readonly paths: LabPaths; readonly netns: string } {
  return { paths: labPaths(rootOf(name)), netns: netnsPath(`${name}-node`) }
}

function rootOf(name: string): string {
  return `/run/${name}`
}

function built(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url))
}
