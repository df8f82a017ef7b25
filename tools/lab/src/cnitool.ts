import { type Finished, run, testDependencies } from '@proxy/testkit'

import { type LabPaths } from './lab-directory.ts'

/** Name of the network in the lab's configuration list. */
const NETWORK = 'lab'

/** What a runtime knows of a pod when it calls the chain. */
export interface PodIdentity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly annotations: Readonly<Record<string, string>>
}

/** One verb of libcni's `cnitool`, called as a runtime on the lab's node would. */
export interface CniClient {
  call(
    verb: 'add' | 'check' | 'del',
    netns: string,
    pod: PodIdentity,
    env?: Readonly<Record<string, string>>,
  ): Promise<Finished>
}

/**
 * libcni keeps results in /var/lib/cni and has no setting for it: it runs in a mount namespace where
 * a folder of the lab lies over /var/lib, so that nothing is left on the machine.
 */
const SCRIPT = 'mount --bind "$LAB_VAR_LIB" /var/lib && exec "$@"'

export function createCniClient(nodeNetns: string, paths: LabPaths): CniClient {
  const { cnitool, cniPluginDir } = testDependencies()
  return {
    call(verb, netns, pod, env = {}) {
      const annotations = { 'io.kubernetes.cri.pod-annotations': pod.annotations }
      return run(
        [
          ...(['nsenter', `--net=${nodeNetns}`, '--'] as const),
          ...['unshare', '--mount', '--propagation', 'private', '--'],
          ...['sh', '-c', SCRIPT, 'sh', cnitool, verb, NETWORK, netns],
        ],
        {
          env: {
            PATH: process.env['PATH'],
            LAB_VAR_LIB: paths.varLib,
            NETCONFPATH: paths.netConf,
            CNI_PATH: `${paths.bin}:${cniPluginDir}`,
            CNI_IFNAME: 'eth0',
            CNI_ARGS: [
              'IgnoreUnknown=1',
              `K8S_POD_NAMESPACE=${pod.namespace}`,
              `K8S_POD_NAME=${pod.name}`,
              `K8S_POD_UID=${pod.uid}`,
            ].join(';'),
            CAP_ARGS: JSON.stringify(annotations),
            ...env,
          },
        },
      )
    },
  }
}

/** The network's configuration list: the reference plugins, and ours last unless `bare`. */
export function confList({
  subnets,
  paths,
  plugin,
}: {
  /** One per address family. */
  readonly subnets: readonly string[]
  readonly paths: LabPaths
  /** Keys of our plugin's entry; undefined leaves the entry out. */
  readonly plugin: Readonly<Record<string, unknown>> | undefined
}): object {
  const ours = {
    type: 'proxy-cni',
    capabilities: { 'io.kubernetes.cri.pod-annotations': true },
    socket: paths.socket,
    selectionFile: `${paths.runDir}/selection.json`,
    deleteQueue: `${paths.stateDir}/delete-queue`,
  }
  return {
    cniVersion: '1.0.0',
    name: NETWORK,
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipam: {
          type: 'host-local',
          ranges: subnets.map((subnet) => [{ subnet }]),
          routes: subnets.map((subnet) => ({ dst: subnet.includes(':') ? '::/0' : '0.0.0.0/0' })),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      ...(plugin === undefined ? [] : [{ ...ours, ...plugin }]),
    ],
  }
}
