import { expect, test } from 'vitest'

import { BUILT, type Pod } from '@proxy/lab'
import { type Finished } from '@proxy/testkit'

import { oursOn } from '../src/node-state.ts'
import { addAlone, callPlugin, checkOf } from '../src/plugin.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'second' })

/** Runs another agent to its end; one that does not end by itself is killed. */
function startSecond(): Promise<Finished> {
  const { runDir, sidecarDir, socket, stateDir, envoy } = node.lab.paths
  return node.lab.run([
    ...(['timeout', '--signal', 'KILL', '30', process.execPath, BUILT.agent] as const),
    ...['--socket', socket, '--run-dir', runDir, '--sidecar-dir', sidecarDir],
    ...['--state-dir', stateDir, '--envoy-path', envoy],
  ])
}

test('a second agent on the same folders ends at once and disturbs no capture', async () => {
  const { lab } = node
  const pods: Pod[] = []
  for (const name of ['a', 'b', 'c', 'd']) pods.push(await lab.createPod({ name }))
  const adding = Promise.all(pods.map((pod) => addAlone(lab, pod)))
  // Several, so that one of them falls into the captures.
  const seconds = Promise.all([1, 2, 3].map(() => startSecond()))

  expect((await adding).map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
  for (const second of await seconds) {
    expect(second.exitCode).toBe(2)
    expect(second.stderr).toContain('another agent serves there')
  }
  for (const pod of pods) {
    expect(await callPlugin(lab, checkOf(pod))).toMatchObject({ exitCode: 0 })
    expect(await callPlugin(lab, { command: 'DEL', pod })).toMatchObject({ exitCode: 0 })
  }
  expect(await oursOn(lab, pods)).toEqual({})
})
