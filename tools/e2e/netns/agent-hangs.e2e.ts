import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, expect, test } from 'vitest'

import { eventually } from '@proxy/testkit'

import { printedError } from '../src/cni-error.ts'
import { oursOn } from '../src/node-state.ts'
import { addAlone, callPlugin, checkOf } from '../src/plugin.ts'
import { envoyOf } from '../src/processes.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({
  name: 'hangs',
  plugin: { selection: 'annotation', agentWaitMs: 300, addTimeoutMs: 8000, delTimeoutMs: 500 },
  agentFlags: ['--reconcile-interval', '1s'],
})
const SELECTED = { 'sidecarctl.dev/inject': 'true' }

afterEach(() => {
  process.kill(node.agent.pid, 'SIGCONT')
})

test('an agent that does not answer costs a selected pod a bounded time, others none', async () => {
  const { lab } = node
  const selected = await lab.createPod({ name: 'selected', annotations: SELECTED })
  const unselected = await lab.createPod({ name: 'unselected' })
  process.kill(node.agent.pid, 'SIGSTOP')
  expect(printedError(await addAlone(lab, selected))).toMatchObject({ code: 11 })
  expect(await addAlone(lab, unselected)).toMatchObject({ exitCode: 0 })

  // The request may have reached the agent: whatever it does with it, nothing stays.
  process.kill(node.agent.pid, 'SIGCONT')
  await eventually(async () => {
    expect(await oursOn(lab, [selected, unselected])).toEqual({})
  })
}, 60_000)

test('a DEL that it was too slow for does not hit the pod that is added next', async () => {
  const { lab } = node
  const pod = await lab.createPod({ name: 'again', annotations: SELECTED })
  expect(await addAlone(lab, pod)).toMatchObject({ exitCode: 0 })
  process.kill(node.agent.pid, 'SIGSTOP')
  expect(await callPlugin(lab, { command: 'DEL', pod })).toMatchObject({ exitCode: 0 })
  expect(await readdir(join(lab.paths.stateDir, 'delete-queue'))).toHaveLength(1)

  process.kill(node.agent.pid, 'SIGCONT')
  await eventually(async () => expect(await addAlone(lab, pod)).toMatchObject({ exitCode: 0 }))
  const envoy = await envoyOf(lab, pod)
  await sleep(2500) // two rounds of the reconcile loop
  expect(await envoyOf(lab, pod)).toEqual(envoy)
  expect(await callPlugin(lab, checkOf(pod))).toMatchObject({ exitCode: 0 })

  expect(await callPlugin(lab, { command: 'DEL', pod })).toMatchObject({ exitCode: 0 })
  expect(await oursOn(lab, [pod])).toEqual({})
})
