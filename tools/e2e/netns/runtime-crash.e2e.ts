import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { eventually } from '@proxy/testkit'

import { networkOn, oursOn } from '../src/node-state.ts'
import { addAlone, callPlugin, startPlugin } from '../src/plugin.ts'
import { sidecarProcesses } from '../src/processes.ts'
import { seededRandom } from '../src/seeded-random.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'runtime', agentFlags: ['--reconcile-interval', '1s'] })

const ROUNDS = 8
const SEED = 20_261_125

test(`a plugin killed in the middle of ADD, ${ROUNDS} times: DEL leaves nothing`, async () => {
  const { lab } = node
  const random = seededRandom(SEED)
  for (let round = 0; round < ROUNDS; round += 1) {
    const pod = await lab.createPod({ name: `killed-${round}` })
    const delayMs = Math.round(random() * 300)
    const plugin = await startPlugin(lab, pod)
    await sleep(delayMs)
    await plugin[Symbol.asyncDispose]()
    const where = `seed ${SEED}, round ${round}, killed after ${delayMs} ms`
    expect(await callPlugin(lab, { command: 'DEL', pod }), where).toMatchObject({ exitCode: 0 })
    expect(await oursOn(lab, [pod]), where).toEqual({})
  }
})

test('a sandbox that vanished without DEL is noticed', async () => {
  const { lab } = node
  const pod = await lab.createPod({ name: 'vanished' })
  await pod.start()
  await lab.run(['ip', 'netns', 'delete', pod.netnsName])
  await eventually(
    async () => {
      const left = await oursOn(lab)
      if (Object.keys(left).length > 0) throw new Error(JSON.stringify(left))
    },
    { timeoutMs: 30_000 },
  )
  expect(await pod.del()).toMatchObject({ exitCode: 0 })
  expect(await networkOn(lab)).toEqual({})
})

test('after a reboot the journal is worked off', async () => {
  const { lab } = node
  const { runDir, sidecarDir } = lab.paths
  const pod = await lab.createPod({ name: 'rebooted' })
  expect(await addAlone(lab, pod)).toMatchObject({ exitCode: 0 })

  // A reboot ends every process and namespace, and empties /run.
  await node.agent.kill()
  for (const { pid } of await sidecarProcesses(lab)) process.kill(pid, 'SIGKILL')
  const pins = join(runDir, 'netns')
  for (const mount of [join(pins, pod.containerId), pins]) await lab.run(['umount', mount])
  await lab.run(['ip', 'netns', 'delete', pod.netnsName])
  for (const directory of [runDir, sidecarDir]) await rm(directory, { recursive: true })

  await node.startAgent()
  expect(await oursOn(lab)).toEqual({})
  const next = await lab.createPod({ name: 'next' })
  expect(await addAlone(lab, next)).toMatchObject({ exitCode: 0 })
  expect(await callPlugin(lab, { command: 'DEL', pod: next })).toMatchObject({ exitCode: 0 })
})
