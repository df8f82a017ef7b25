import { join } from 'node:path'
import { type CniVersion, convertResult, createResult, isAtLeast } from '@proxy/cni-types'
import { createTempDir } from '@proxy/testkit'

/** A folder with the paths of one node. */
export interface Scene extends AsyncDisposable {
  readonly path: string
  readonly socket: string
  readonly deleteQueue: string
  readonly selectionFile: string
  /** The plugin's configuration with these paths. */
  conf(cniVersion: string, change?: Record<string, unknown>): Record<string, unknown>
}

/** The annotation that selects a pod. */
export const selected = {
  runtimeConfig: { 'io.kubernetes.cri.pod-annotations': { 'sidecarctl.dev/inject': 'true' } },
}

/** The previous result in one version, with a key that nobody knows. */
export function prevResultOf(version: CniVersion): Record<string, unknown> {
  const newest = createResult({
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/run/netns/x' }],
    ips: [
      { address: '10.1.2.3/24', gateway: '10.1.2.1', interface: 0 },
      { address: 'fd00::3/64', interface: 0 },
    ],
    routes: [{ dst: '0.0.0.0/0', gw: '10.1.2.1' }],
    dns: { nameservers: ['10.0.0.10'] },
  })
  return { ...convertResult(newest, version), 'example.org/foreign': { kept: [1, 'two'] } }
}

/** Makes a scene; nothing in it exists yet. */
export async function createScene(): Promise<Scene> {
  const dir = await createTempDir('cni')
  const at = (name: string): string => join(dir.path, name)
  const paths = {
    socket: at('run/agent.sock'),
    deleteQueue: at('state/delete-queue'),
    selectionFile: at('run/selection.json'),
  }
  return {
    path: dir.path,
    ...paths,
    conf(cniVersion, change = {}) {
      // Plugins are chained since 0.3.0, and only then is there a previous result.
      const chained = isAtLeast(cniVersion, '0.3.0')
      return {
        cniVersion,
        name: 'pods',
        type: 'proxy-cni',
        ...paths,
        agentWaitMs: 200,
        ...(chained && { prevResult: prevResultOf(cniVersion as CniVersion) }),
        ...change,
      }
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
}
