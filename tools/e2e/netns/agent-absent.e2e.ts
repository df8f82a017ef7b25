import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { printedError } from '../src/cni-error.ts'
import { networkOn, oursOn, rulesIn } from '../src/node-state.ts'
import { addAlone } from '../src/plugin.ts'
import { envoysOf } from '../src/processes.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({
  name: 'absent',
  withAgent: false,
  plugin: { selection: 'annotation', agentWaitMs: 300 },
})
const SELECTED = { 'sidecarctl.dev/inject': 'true' }
/** What ADD may take as a whole. */
const BOUND_MS = 20_000

function queued(): Promise<readonly string[]> {
  return readdir(join(node.lab.paths.stateDir, 'delete-queue')).catch(() => [])
}

describe('without an agent', () => {
  test(
    'an unselected pod passes and works',
    async () => {
      const pod = await node.lab.createPod({ name: 'plain' })
      await pod.start()
      await pod.startApp('details')
      expect(await node.lab.request(pod.ip, '/details/0')).toMatchObject({ exitCode: 0 })
      expect(await rulesIn(pod)).toBe('')
      expect(await pod.del()).toMatchObject({ exitCode: 0 })
    },
    BOUND_MS,
  )

  test(
    'a selected pod is refused with "try again later"',
    async () => {
      const pod = await node.lab.createPod({ name: 'selected', annotations: SELECTED })
      const { code, msg } = printedError(await addAlone(node.lab, pod))
      expect(code).toBe(11)
      expect(msg).toContain('agent')
      expect(await rulesIn(pod)).toBe('')
      expect(await pod.del()).toMatchObject({ exitCode: 0 })
    },
    BOUND_MS,
  )

  test(
    'a selected pod with an open fail policy passes without a sidecar',
    async () => {
      const annotations = { ...SELECTED, 'sidecarctl.dev/fail-policy': 'open' }
      const pod = await node.lab.createPod({ name: 'open', annotations })
      await pod.start()
      await pod.startApp('details')
      expect(await node.lab.request(pod.ip, '/details/0')).toMatchObject({ exitCode: 0 })
      expect(await envoysOf(node.lab, pod)).toEqual([])
      expect(await pod.del()).toMatchObject({ exitCode: 0 })
    },
    BOUND_MS,
  )

  test('DEL leaves no address or cable behind', async () => {
    expect(await networkOn(node.lab)).toEqual({})
  })
})

test('DEL without an agent is kept, and done when one comes back', async () => {
  const { lab } = node
  const first = await node.startAgent()
  expect(await queued()).toEqual([]) // what the tests before have left is done
  const [gone, stays] = [
    await lab.createPod({ name: 'gone', annotations: SELECTED }),
    await lab.createPod({ name: 'stays', annotations: SELECTED }),
  ]
  for (const pod of [gone, stays]) await pod.start()
  await first.stop()

  expect(await gone.del()).toMatchObject({ exitCode: 0 })
  expect(await gone.del()).toMatchObject({ exitCode: 0 }) // as runtimes do
  expect(await queued()).toEqual([`${gone.containerId}@eth0.json`])
  expect(await envoysOf(lab, gone)).toHaveLength(1)

  await node.startAgent()
  expect(await oursOn(lab, [gone])).not.toHaveProperty('inside')
  expect(await envoysOf(lab, gone)).toEqual([])
  expect(await rulesIn(gone)).toBe('')
  expect(await queued()).toEqual([])

  expect(await stays.check()).toMatchObject({ exitCode: 0 })
  expect(await stays.del()).toMatchObject({ exitCode: 0 })
  expect(await oursOn(lab, [gone, stays])).toEqual({})
  await node.agent.stop()
})
