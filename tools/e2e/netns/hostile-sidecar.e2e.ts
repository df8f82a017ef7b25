import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { beforeEach, describe, expect, test } from 'vitest'

import { type Pod } from '@proxy/lab'
import { eventually, run } from '@proxy/testkit'

import { oursOn, rulesIn } from '../src/node-state.ts'
import { envoyOf } from '../src/processes.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'hostile', withAgent: false })

let folder: string
let pod: Pod
let victim: Pod
let round = 0

beforeEach(async () => {
  const { lab } = node
  await node.startAgent(['--reconcile-interval', '1s'])
  round += 1
  pod = await lab.createPod({ name: `hostile-${round}` })
  victim = await lab.createPod({ name: `victim-${round}` })
  for (const each of [pod, victim]) await each.start()
  folder = join(lab.paths.sidecarDir, 'sidecars', pod.containerId)
})

/** Runs a shell as the user of every Envoy, as one that was taken over could. */
async function asEnvoy(script: string): Promise<void> {
  const { exitCode, stderr } = await run([
    ...(['setpriv', '--reuid=1337', '--regid=1337', '--clear-groups', '--no-new-privs'] as const),
    ...['sh', '-ec', script],
  ])
  expect(exitCode, stderr).toBe(0)
}

/** Every file below a folder with its owner, mode and content. */
async function snapshotOf(directory: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(directory, { recursive: true })
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name)
      const { uid, mode } = await stat(path)
      const isFile = (mode & 0o170000) === 0o100000
      const content = isFile ? await readFile(path, 'utf8') : ''
      return [name, `${uid} ${mode.toString(8)} ${content}`] as const
    }),
  )
  return Object.fromEntries(entries)
}

describe('an Envoy that was taken over and has put into its folder', () => {
  test.each([
    ['a link instead of the certificates', (state: string) => `mv sds x; ln -s ${state}/ca sds`],
    [
      'a link instead of the access log',
      (state: string) => `rm access.log; ln -s ${state}/ca/owned access.log`,
    ],
    [
      'links instead of every file',
      (state: string) => {
        return `for name in access.log envoy.log bootstrap.json admin.sock; do rm -f $name; ln -s ${state}/ca/owned $name; done`
      },
    ],
    ['a pipe instead of the logs', () => 'rm access.log envoy.log; mkfifo access.log envoy.log'],
    [
      'folders instead of the logs',
      () => 'rm access.log envoy.log; mkdir -p access.log/a envoy.log/b',
    ],
    ['nothing at all', () => 'rm -rf ./*'],
  ])('%s, gets nowhere and is removed', async (_, script) => {
    const { lab } = node
    const { stateDir } = lab.paths
    const authority = await snapshotOf(join(stateDir, 'ca'))
    const neighbour = await envoyOf(lab, victim)
    await asEnvoy(`cd ${folder}; ${script(stateDir)}`)
    process.kill((await envoyOf(lab, pod)).pid, 'SIGKILL')

    // The agent comes across it as it starts Envoy again and as it renews the certificate.
    await eventually(async () =>
      expect(await lab.agentLog()).toContain('starting the sidecar again'),
    )
    await node.agent.stop()
    await node.startAgent()
    expect(await snapshotOf(join(stateDir, 'ca'))).toEqual(authority)
    expect(await victim.check()).toMatchObject({ exitCode: 0 })
    expect(await envoyOf(lab, victim)).toEqual(neighbour)

    for (const each of [pod, victim]) expect(await each.del()).toMatchObject({ exitCode: 0 })
    expect(await oursOn(lab, [pod, victim])).toEqual({})
    expect(await rulesIn(pod)).toBe('')
    expect(await snapshotOf(join(stateDir, 'ca'))).toEqual(authority)
    await node.agent.stop()
  })
})
