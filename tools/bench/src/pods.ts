import { BUILT, type Lab, type Pod } from '@proxy/lab'
import { type Finished, run } from '@proxy/testkit'

import { type Variant } from './series.ts'

/** What becomes of a pod: our plugin is not in the chain, leaves it alone, or gives it a sidecar. */
export const kinds = ['bare', 'unselected', 'selected'] as const

/** See {@link kinds}. */
type Kind = (typeof kinds)[number]

const PLUGIN = { selection: 'annotation' }

/**
 * Measures ADD and DEL of the whole chain by cnitool, as many processes as that takes; bridge and
 * host-local included. The harness (nsenter, unshare, a shell) is the same for each kind.
 */
export function chainVariants(lab: Lab): readonly Variant[] {
  return kinds.flatMap((kind) => [
    {
      name: `ADD chain, ${kind}`,
      measure: (round) =>
        withPod(lab, { kind, label: 'add', round }, async (pod) => {
          const durationMs = await timed(() => pod.add())
          await pod.del().then(expectSuccess)
          return durationMs
        }),
    },
    {
      name: `DEL chain, ${kind}`,
      measure: (round) =>
        withPod(lab, { kind, label: 'del', round }, async (pod) => {
          await pod.add().then(expectSuccess)
          return timed(() => pod.del())
        }),
    },
  ])
}

/** Measures ADD and DEL of our plugin alone: one process, from its start to its end. */
export function pluginVariants(lab: Lab): readonly Variant[] {
  return (['unselected', 'selected'] as const).flatMap((kind) => [
    {
      name: `ADD plugin, ${kind}`,
      measure: (round) =>
        withPod(lab, { kind, label: 'padd', round }, async (pod) => {
          const durationMs = await timed(() => callPlugin(lab, pod, 'ADD'))
          await callPlugin(lab, pod, 'DEL').then(expectSuccess)
          return durationMs
        }),
    },
    {
      name: `DEL plugin, ${kind}`,
      measure: (round) =>
        withPod(lab, { kind, label: 'pdel', round }, async (pod) => {
          await callPlugin(lab, pod, 'ADD').then(expectSuccess)
          return timed(() => callPlugin(lab, pod, 'DEL'))
        }),
    },
  ])
}

/** Measures the start and end of a process that does nothing: below this nothing can be. */
export const emptyProcess: Variant = {
  name: 'empty process',
  measure: () => timed(() => run(['/bin/true'])),
}

async function withPod<T>(
  lab: Lab,
  { kind, label, round }: { readonly kind: Kind; readonly label: string; readonly round: number },
  work: (pod: Pod) => Promise<T>,
): Promise<T> {
  await lab.configurePlugin(kind === 'bare' ? undefined : PLUGIN)
  const pod = await lab.createPod({
    name: `${label}-${kind}-${round}`,
    annotations: kind === 'selected' ? { 'sidecarctl.dev/inject': 'true' } : {},
  })
  try {
    return await work(pod)
  } finally {
    await run(['ip', 'netns', 'delete', pod.netnsName])
  }
}

function callPlugin({ paths }: Lab, pod: Pod, command: 'ADD' | 'DEL'): Promise<Finished> {
  const { namespace, name, annotations } = pod.identity
  const conf = {
    ...PLUGIN,
    cniVersion: '1.0.0',
    name: 'lab',
    type: 'proxy-cni',
    socket: paths.socket,
    selectionFile: `${paths.runDir}/selection.json`,
    deleteQueue: `${paths.stateDir}/delete-queue`,
    runtimeConfig: { 'io.kubernetes.cri.pod-annotations': annotations },
    prevResult: {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'eth0', sandbox: pod.netns }],
      ips: [{ address: '10.99.0.2/24', interface: 0 }],
    },
  }
  return run([BUILT.proxyCni], {
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: pod.containerId,
      CNI_NETNS: pod.netns,
      CNI_IFNAME: 'eth0',
      CNI_PATH: paths.bin,
      CNI_ARGS: `K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name}`,
    },
    stdin: JSON.stringify(conf),
  })
}

/** How long a call that has to succeed takes, in milliseconds. */
async function timed(call: () => Promise<Finished>): Promise<number> {
  const start = performance.now()
  const finished = await call()
  const durationMs = performance.now() - start
  expectSuccess(finished)
  return durationMs
}

function expectSuccess({ exitCode, stdout, stderr }: Finished): void {
  if (exitCode !== 0) throw new Error(`a call failed: ${stdout}${stderr}`)
}
