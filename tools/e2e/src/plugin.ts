import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { BUILT, type Lab, type Pod } from '@proxy/lab'
import { type Finished, run, type RunOptions, spawnIn, type Spawned } from '@proxy/testkit'

/** A call of the plugin itself, as libcni would make it. */
export interface PluginCall {
  readonly command: 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION'
  /** Whom it is about. Default: nobody, no variables of a pod. */
  readonly pod?: Pod
  /** Default: the pod's. `undefined` as a value leaves the variable out. */
  readonly netns?: string | undefined
  /** Keys that are set in the configuration. */
  readonly conf?: Readonly<Record<string, unknown>>
  /** What is written to standard input instead of the configuration. */
  readonly stdin?: string | Uint8Array
}

/** What the plugin answered. */
export interface PluginAnswer extends Finished {
  /** Standard output as JSON; undefined when there is none. */
  readonly answer: Readonly<Record<string, unknown>> | undefined
}

/**
 * Runs the compiled plugin on the lab's node. Unlike cnitool, which prints errors as text, it shows
 * them as the runtime gets them.
 */
export async function callPlugin(lab: Lab, call: PluginCall): Promise<PluginAnswer> {
  const finished = await run(commandOf(lab), await optionsOf(lab, call))
  const { stdout } = finished
  return {
    ...finished,
    answer: stdout === '' ? undefined : (JSON.parse(stdout) as PluginAnswer['answer']),
  }
}

/** Starts {@link addAlone} and does not wait for its end; disposing kills it. */
export async function startPlugin(lab: Lab, pod: Pod): Promise<Spawned> {
  return spawnIn(commandOf(lab), await optionsOf(lab, addCallOf(pod)))
}

/** ADD as the only plugin of the chain: the pod gets no bridge and no address. */
export function addAlone(lab: Lab, pod: Pod): Promise<PluginAnswer> {
  return callPlugin(lab, addCallOf(pod))
}

/** CHECK of a pod, with some previous result. */
export function checkOf(pod: Pod): PluginCall {
  return { command: 'CHECK', pod, conf: { prevResult: previousResult(pod, '10.9.9.9/24') } }
}

/** The result of plugins that ran before this one. */
export function previousResult(pod: Pod, address: string): object {
  return {
    cniVersion: '1.1.0',
    interfaces: [{ name: 'eth0', sandbox: pod.netns }],
    ips: [{ address, interface: 0 }],
  }
}

function addCallOf(pod: Pod): PluginCall {
  return { ...checkOf(pod), command: 'ADD' }
}

function commandOf(lab: Lab): [string, ...string[]] {
  return ['nsenter', `--net=${lab.netns}`, '--', BUILT.proxyCni]
}

async function optionsOf(lab: Lab, call: PluginCall): Promise<RunOptions> {
  const { pod } = call
  const netns = 'netns' in call ? call.netns : pod?.netns
  return {
    env: {
      CNI_COMMAND: call.command,
      CNI_PATH: lab.paths.bin,
      ...(netns === undefined ? {} : { CNI_NETNS: netns }),
      ...(pod === undefined ? {} : podVariables(pod)),
    },
    stdin: call.stdin ?? JSON.stringify(await pluginConf(lab, call)),
  }
}

async function pluginConf(lab: Lab, { conf, pod }: PluginCall): Promise<object> {
  const list = JSON.parse(await readFile(join(lab.paths.netConf, '10-lab.conflist'), 'utf8')) as {
    readonly name: string
    readonly plugins: readonly Readonly<Record<string, unknown>>[]
  }
  const entry = list.plugins.at(-1)
  const annotations = pod?.identity.annotations ?? {}
  return {
    ...entry,
    cniVersion: '1.1.0',
    name: list.name,
    runtimeConfig: { 'io.kubernetes.cri.pod-annotations': annotations },
    ...conf,
  }
}

function podVariables(pod: Pod): Readonly<Record<string, string>> {
  const { namespace, name, uid } = pod.identity
  return {
    CNI_CONTAINERID: pod.containerId,
    CNI_IFNAME: 'eth0',
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_UID=${uid}`,
  }
}
