import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, describe, expect, test } from 'vitest'

import { type Pod } from '@proxy/lab'

import { callFrom } from '../src/bookinfo.ts'
import { oursOn, rulesIn } from '../src/node-state.ts'
import { addAlone, callPlugin, checkOf } from '../src/plugin.ts'
import { envoyOf } from '../src/processes.ts'
import { releaseAll } from '../src/release-all.ts'
import { seededRandom } from '../src/seeded-random.ts'
import { startLoad } from '../src/steady-load.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'crash', plugin: { selection: 'all', agentWaitMs: 0 } })

describe('sidecars outlive their agent', () => {
  const pods: Pod[] = []

  afterEach(async () => {
    await releaseAll(node.lab, pods.splice(0))
  })

  test.each(['SIGKILL', 'SIGTERM'])(
    'that gets %s: no request fails, the next adopts',
    async (signal) => {
      const { lab } = node
      const id = signal.toLowerCase()
      const [server, client] = [
        await lab.createPod({ name: `details-${id}` }),
        await lab.createPod({ name: `client-${id}` }),
      ]
      pods.push(server, client)
      for (const pod of pods) await pod.start()
      await server.startApp('details')
      await callFrom(lab, client, server.ip, '/details/0')
      const before = [await envoyOf(lab, server), await envoyOf(lab, client)]
      const rules = await rulesIn(server)

      await using load = await startLoad(client, server.ip, '/details/0')
      await sleep(300)
      const ended = signal === 'SIGKILL' ? node.agent.kill() : node.agent.stop()
      expect(await ended).toBe(signal === 'SIGKILL' ? undefined : 0)
      await sleep(300)
      await node.startAgent()
      await sleep(300)
      const { answered, failures } = await load.stop()

      expect(failures).toEqual([])
      expect(answered).toBeGreaterThan(10)
      expect([await envoyOf(lab, server), await envoyOf(lab, client)]).toEqual(before)
      expect(await rulesIn(server)).toBe(rules)
      for (const pod of pods) expect(await pod.check()).toMatchObject({ exitCode: 0 })
    },
  )
})

const ROUNDS = 15
/** The longest time from the call to the kill, in milliseconds: about what a capture takes. */
const LATEST_MS = 300
const SEED = 20_261_124

test(`kill -9 in the middle of ADD, ${ROUNDS} times at other moments`, async () => {
  const { lab } = node
  const random = seededRandom(SEED)
  const outcomes: string[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    // Without a bridge: it is the agent's work that is to be cut off.
    const pod = await lab.createPod({ name: `round-${round}` })
    const delayMs = Math.round(random() * LATEST_MS)
    const where = `seed ${SEED}, round ${round}, killed after ${delayMs} ms`

    const adding = addAlone(lab, pod)
    await sleep(delayMs)
    await node.agent.kill()
    const { exitCode } = await adding
    await node.startAgent()

    const left = await oursOn(lab, [pod])
    const whole = Object.keys(left).length > 0
    outcomes.push(exitCode === 0 ? 'answered' : whole ? 'done' : 'undone')
    // Either CHECK finds nothing wrong, or there is nothing.
    const wrong = whole ? (await callPlugin(lab, checkOf(pod))).stdout : await rulesIn(pod)
    expect(wrong, where).toBe('')
    expect(whole || exitCode !== 0, `${where}: nothing is left, so ADD failed`).toBe(true)

    expect(await addAlone(lab, pod), `${where}: ADD again`).toMatchObject({ exitCode: 0 })
    expect(await callPlugin(lab, checkOf(pod)), `${where}: CHECK`).toMatchObject({ exitCode: 0 })
    await envoyOf(lab, pod) // exactly one
    expect(await callPlugin(lab, { command: 'DEL', pod }), `${where}: DEL`).toMatchObject({
      exitCode: 0,
    })
    expect(await oursOn(lab, [pod]), where).toEqual({})
  }
  // The rounds are worth something only when they hit a capture that was under way.
  expect(outcomes).toContain('undone')
})
