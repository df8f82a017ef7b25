import { expect, test } from 'vitest'

import { type Pod } from '@proxy/lab'

import { networkOn, oursOn } from '../src/node-state.ts'
import { envoyOf } from '../src/processes.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'many' })
const COUNT = 20

test(`${COUNT} pods at once, added and deleted`, async () => {
  const { lab } = node
  // The first pod makes the bridge, which the reference plugin does not do well twice at a time.
  const first = await lab.createPod({ name: 'first' })
  await first.start()
  const pods: Pod[] = []
  for (let index = 0; index < COUNT; index += 1) {
    pods.push(await lab.createPod({ name: `pod-${index}` }))
  }

  const added = await Promise.all(pods.map((pod) => pod.add()))
  expect(added.map(({ exitCode, stdout }) => (exitCode === 0 ? 'ok' : stdout))).toEqual(
    Array(COUNT).fill('ok'),
  )
  await Promise.all(pods.map((pod) => pod.startApp('details')))
  const answers = await Promise.all(pods.map((pod) => lab.request(pod.ip, '/details/0')))
  expect(answers.map(({ exitCode, stderr }) => (exitCode === 0 ? 'ok' : stderr))).toEqual(
    Array(COUNT).fill('ok'),
  )
  const envoys = await Promise.all(pods.map((pod) => envoyOf(lab, pod)))
  expect(new Set(envoys.map(({ pid }) => pid)).size).toBe(COUNT)

  const deleted = await Promise.all([first, ...pods].map((pod) => pod.del()))
  expect(deleted.map(({ exitCode, stdout }) => (exitCode === 0 ? 'ok' : stdout))).toEqual(
    Array(COUNT + 1).fill('ok'),
  )
  expect(await oursOn(lab, [first, ...pods])).toEqual({})
  expect(await networkOn(lab)).toEqual({})
})
