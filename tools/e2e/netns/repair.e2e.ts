import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { type Pod } from '@proxy/lab'
import { eventually, testDependencies } from '@proxy/testkit'

import { callFrom, tryFrom } from '../src/bookinfo.ts'
import { printedError } from '../src/cni-error.ts'
import { rulesIn } from '../src/node-state.ts'
import { callPlugin, checkOf } from '../src/plugin.ts'
import { envoyOf } from '../src/processes.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'repair', withAgent: false })

let round = 0
let client: Pod
let server: Pod

/** CHECK's code for a pod that is not as it should be. */
const CHECK_FAILED = 101

beforeEach(async () => {
  const { lab } = node
  // So long an interval that nothing is repaired while a test looks at the damage.
  await node.startAgent(['--reconcile-interval', '1h'])
  round += 1
  server = await lab.createPod({ name: `details-${round}` })
  client = await lab.createPod({ name: `client-${round}` })
  for (const pod of [server, client]) await pod.start()
  await server.startApp('details')
  await callFrom(lab, client, server.ip, '/details/0')
})

afterEach(async () => {
  for (const pod of [server, client]) await pod.del()
  await node.agent.stop()
})

/** The next agent brings the node in order before it serves, and from then on every second. */
async function restartAgent(): Promise<void> {
  await node.agent.stop()
  await node.startAgent(['--reconcile-interval', '1s'])
}

describe('an Envoy that was killed', () => {
  const killEnvoy = async (): Promise<number> => {
    const { pid } = await envoyOf(node.lab, server)
    process.kill(pid, 'SIGKILL')
    return pid
  }

  test('is started again without waiting for the reconcile loop, each time', async () => {
    const { lab } = node
    for (let kills = 0; kills < 3; kills += 1) {
      const killed = await killEnvoy()
      await eventually(async () => {
        const { pid } = await envoyOf(lab, server)
        if (pid === killed) throw new Error('the old one is not gone yet')
        await callFrom(lab, client, server.ip, '/details/0')
      })
    }
    expect(await server.check()).toMatchObject({ exitCode: 0 })
  })

  test('is reported by CHECK and lets nothing pass while it cannot be started', async () => {
    const { lab } = node
    const { exitCode, stderr } = await lab.run(['umount', '--lazy', lab.paths.envoy])
    expect(exitCode, stderr).toBe(0) // what is left there is an empty file
    try {
      await killEnvoy()
      // A process whose threads are still ending counts as running for a moment.
      await eventually(async () => {
        const { code, msg } = printedError(await callPlugin(lab, checkOf(server)))
        expect({ code, msg }).toEqual({
          code: CHECK_FAILED,
          msg: expect.stringContaining('sidecar does not run') as string,
        })
      })
      expect(await tryFrom(lab, client, server.ip, '/details/0')).toMatchObject({ exitCode: 1 })
      expect(await lab.request(server.ip, '/details/0')).toMatchObject({ exitCode: 1 })
    } finally {
      await lab.run(['mount', '--bind', testDependencies().envoy, lab.paths.envoy])
    }
    await eventually(() => callFrom(lab, client, server.ip, '/details/0'), { timeoutMs: 60_000 })
    expect(await server.check()).toMatchObject({ exitCode: 0 })
  })
})

describe('rules that somebody flushed', () => {
  test('are reported by CHECK and put back', async () => {
    const { lab } = node
    const rules = await rulesIn(server)
    expect(rules).not.toBe('')
    await server.run(['nft', 'flush', 'ruleset'])
    const { code, msg } = printedError(await callPlugin(lab, checkOf(server)))
    expect(code).toBe(CHECK_FAILED)
    expect(msg).toContain('missing')

    await restartAgent()
    expect(await rulesIn(server)).toBe(rules)
    expect(await server.check()).toMatchObject({ exitCode: 0 })

    await server.run(['nft', 'flush', 'ruleset'])
    await eventually(
      async () => {
        if ((await rulesIn(server)) !== rules) throw new Error('not yet repaired')
      },
      { timeoutMs: 30_000, intervalMs: 100 },
    )
    await callFrom(lab, client, server.ip, '/details/0')
  })
})
