import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import {
  createNetns,
  createTempDir,
  type Finished,
  testDependencies,
  type TestNetns,
} from '@proxy/testkit'

import { type Behaviour, type RecordedCall } from '../fixtures/behaviour.ts'
import { pluginCommand } from '../plugin-command.ts'

/** A call of libcni as the plugin saw it. */
interface SeenCall extends Omit<RecordedCall, 'stdin'> {
  /** Name of the executable. */
  readonly plugin: string
  /** Configuration on stdin, decoded. */
  readonly conf: Record<string, unknown>
}

/** A node of its own, with one pod, plugins of ours, a network, and libcni as the runtime. */
export interface TestNetwork extends AsyncDisposable {
  readonly pod: TestNetns
  readonly node: TestNetns
  /** Runs `cnitool <verb> net <pod>` on the node. */
  cnitool(verb: string, env?: Readonly<Record<string, string>>): Promise<Finished>
  /** Puts a plugin that behaves as told into CNI_PATH. */
  install(plugin: string, behaviour: Behaviour): Promise<void>
  /** Writes the network's configuration list. */
  configure(cniVersion: string, plugins: readonly object[], fields?: object): Promise<void>
  /** Calls since the last time this was asked. */
  calls(): Promise<SeenCall[]>
  /** What libcni remembers: content by file name. */
  cached(): Promise<Record<string, Record<string, unknown>>>
}

/** What the configuration list calls it; a part of the key of libcni's cache. */
export const networkName = 'pxt-skel'

/** Makes one. Nothing of it is outside its namespaces and its folder. */
export async function createNetwork(): Promise<TestNetwork> {
  const { cnitool, cniPluginDir } = testDependencies()
  await using cleanup = new AsyncDisposableStack()
  const dir = cleanup.use(await createTempDir('skel-network'))
  const node = cleanup.use(await createNetns('skel-node'))
  const pod = cleanup.use(await createNetns('skel-pod'))
  const [bin, conf, lib, log] = ['bin', 'conf', 'lib', 'log'].map((name) =>
    join(dir.path, name),
  ) as [string, string, string, string]
  await Promise.all([bin, conf, lib, log].map((path) => mkdir(path)))
  const owned = cleanup.move()
  const env = {
    PATH: process.env['PATH'],
    NETCONFPATH: conf,
    CNI_PATH: `${bin}:${cniPluginDir}`,
    NODE_COMPILE_CACHE: join(dir.path, 'node'),
  }
  return {
    pod,
    node,
    // libcni and host-local write below /var/lib: in a mount namespace that is the test's folder.
    cnitool: (verb, more = {}) =>
      node.run(
        ['unshare', '--mount', '--propagation=private', 'sh', '-ec'].concat(
          'mount --bind "$0" /var/lib; exec "$@"',
          ...[lib, cnitool, verb, networkName, pod.path],
        ) as [string, ...string[]],
        { env: { ...env, ...more } },
      ),
    async install(plugin, behaviour) {
      const file = join(bin, plugin)
      const command = pluginCommand.map((word) => `'${word}'`).join(' ')
      // stderr goes to a file: libcni drops it when a plugin fails.
      const script = `#!/bin/sh\nexport BEHAVIOUR='${JSON.stringify(behaviour)}'\nexec ${command} 2>>${log}/${plugin}\n`
      await writeFile(file, script)
      await chmod(file, 0o755)
    },
    async configure(cniVersion, plugins, fields = {}) {
      const list = { cniVersion, name: networkName, ...fields, plugins }
      await writeFile(join(conf, '10-net.conflist'), JSON.stringify(list))
    },
    async calls() {
      const seen: SeenCall[] = []
      for (const plugin of (await readdir(log)).sort()) {
        const text = await readFile(join(log, plugin), 'utf8')
        await writeFile(join(log, plugin), '')
        for (const line of text.split('\n').filter((entry) => entry.startsWith('call '))) {
          const { stdin, ...call } = JSON.parse(line.slice('call '.length)) as RecordedCall
          const text64 = Buffer.from(stdin, 'base64').toString()
          seen.push({ ...call, plugin, conf: JSON.parse(text64) as Record<string, unknown> })
        }
      }
      return seen
    },
    async cached() {
      const folder = join(lib, 'cni/results')
      const names = await readdir(folder).catch(() => [])
      const entries = names.map(async (name) => {
        const text = await readFile(join(folder, name), 'utf8')
        return [name, JSON.parse(text) as Record<string, unknown>] as const
      })
      return Object.fromEntries(await Promise.all(entries))
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
