import { existsSync } from 'node:fs'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Pod } from '@proxy/lab'
import { eventually, testDependencies } from '@proxy/testkit'

import { envoyOf, envoysOf } from '../src/processes.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({
  name: 'operator',
  plugin: { selection: 'all' },
  agentFlags: ['--reconcile-interval', '1h'],
})

let captured: Pod
let excluded: Pod

beforeAll(async () => {
  captured = await node.lab.createPod({ name: 'details' })
  excluded = await node.lab.createPod({ name: 'dns', namespace: 'kube-system' })
  for (const pod of [captured, excluded]) await pod.start()
})

afterAll(async () => {
  for (const pod of [captured, excluded]) await pod.del()
})

test('status shows what the kernel has, for people and for programs', async () => {
  const { lab } = node
  const { pid } = await envoyOf(lab, captured)
  const table = await lab.sidecarctl('status')
  expect(table).toMatchObject({ exitCode: 0, stderr: '' })
  expect(table.stdout).toMatch(/^default +details +ready +permissive/m)

  const json = await lab.sidecarctl('status', '-o', 'json')
  expect(json.exitCode).toBe(0)
  const { agent, sidecars } = JSON.parse(json.stdout) as {
    readonly agent: object
    readonly sidecars: readonly { readonly netns: string }[]
  }
  expect(agent).toMatchObject({ ready: true, sidecars: { ready: 1, failed: 0 }, pendingDeletes: 0 })
  expect(sidecars).toMatchObject([
    {
      pod: { namespace: 'default', name: 'details' },
      containerId: captured.containerId,
      state: 'ready',
      pid,
      podIps: [captured.ip],
      spiffeId: 'spiffe://cluster.local/ns/default/sa/default',
    },
  ])
  expect(sidecars.every(({ netns }) => existsSync(netns))).toBe(true)
})

test('explain says why a pod is captured, and that another never asked', async () => {
  const { lab } = node
  const why = await lab.sidecarctl('explain', 'default/details')
  expect(why).toMatchObject({ exitCode: 0, stderr: '' })
  expect(why.stdout).toContain('selection is "all"')
  const whyNot = await lab.sidecarctl('explain', 'kube-system/dns', '-o', 'json')
  expect(JSON.parse(whyNot.stdout)).toMatchObject({ captured: false })
})

test('a sidecar that ended and cannot be started is a problem, named by pod', async () => {
  const { lab } = node
  // Lazily: other Envoys run from it. What is left there is an empty file.
  expect(await lab.run(['umount', '--lazy', lab.paths.envoy])).toMatchObject({ exitCode: 0 })
  process.kill((await envoyOf(lab, captured)).pid, 'SIGKILL')
  await eventually(async () => expect(await envoysOf(lab, captured)).toEqual([]))
  const { exitCode, stdout } = await lab.sidecarctl('status')
  expect(exitCode).toBe(1)
  expect(stdout).toMatch(/^default +details +failed/m)
  const why = await lab.sidecarctl('explain', 'default/details')
  expect(why.stdout).toContain('sidecar does not run')
  await lab.run(['mount', '--bind', testDependencies().envoy, lab.paths.envoy])
})

test('an agent that is away is said so by the exit code', async () => {
  await node.agent.stop()
  const { exitCode, stderr } = await node.lab.sidecarctl('status')
  expect(exitCode).toBe(3)
  expect(stderr).toContain(node.lab.paths.socket)
  await node.startAgent()
  expect(await node.lab.sidecarctl('status')).toMatchObject({ exitCode: 0 })
})
