import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterEach, describe, expect, test } from 'vitest'

import { type Pod } from '@proxy/lab'
import { eventually, spawnIn } from '@proxy/testkit'

import { printedError } from '../src/cni-error.ts'
import { oursOn, rulesIn } from '../src/node-state.ts'
import { addAlone } from '../src/plugin.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'fail', withAgent: false })

afterEach(async () => {
  await node.agent.stop()
})

/** A program that says it is Envoy, and when it is run does something else. */
async function pretender(name: string, script: string): Promise<string> {
  const path = join(node.lab.paths.bin, name)
  const version = 'envoy  version: 0123abcd/1.40.0/Clean/RELEASE/BoringSSL'
  const text = `#!/bin/sh\nif [ "$1" = --version ]; then echo "${version}"; exit 0; fi\n${script}\n`
  await writeFile(path, text)
  await chmod(path, 0o755)
  return path
}

async function expectNothingLeft(pod: Pod): Promise<void> {
  expect(await oursOn(node.lab, [pod])).toEqual({})
  expect(await rulesIn(pod)).toBe('')
  expect(await pod.del()).toMatchObject({ exitCode: 0 })
  expect(await oursOn(node.lab, [pod])).toEqual({})
}

describe('ADD fails with a CNI error and leaves nothing when Envoy', () => {
  test.each([
    ['ends at once', 'ends', 'echo "no such luck" >&2; exit 3'],
    ['hangs before it answers', 'hangs', 'exec sleep 600'],
  ])('%s', async (_, name, script) => {
    const { lab } = node
    await node.startAgent(['--envoy-path', await pretender(name, script), '--start-timeout', '2s'])
    const pod = await lab.createPod({ name })
    const { code, msg } = printedError(await addAlone(lab, pod))
    expect(code).toBe(11)
    expect(msg).toContain('start the sidecar')
    await expectNothingLeft(pod)
  })

  test.each([15_001, 15_006])('cannot have port %i', async (port) => {
    const { lab } = node
    await node.startAgent()
    const pod = await lab.createPod({ name: `port-${port}` })
    const source = `require('node:net').createServer().listen(${port}, () => console.log('listens'))`
    const enter = ['nsenter', `--net=${pod.netns}`, '--'] as const
    await using squatter = await spawnIn([...enter, process.execPath, '-e', source])
    await eventually(() => {
      if (!squatter.output().stdout.includes('listens')) throw new Error(squatter.output().stderr)
    })
    const { code, msg } = printedError(await addAlone(lab, pod))
    expect(code).toBe(11)
    expect(msg).toContain('start the sidecar')
    expect(msg).toContain(String(port))
    await expectNothingLeft(pod)
  })
})

test('the same pod is added once Envoy can start', async () => {
  const { lab } = node
  const agent = await node.startAgent(['--envoy-path', await pretender('once', 'exit 1')])
  const pod = await lab.createPod({ name: 'again' })
  const failed = await pod.add()
  expect(failed.exitCode).toBe(1)
  expect(failed.stderr).toContain('start the sidecar') // by way of libcni
  await agent.stop()
  await node.startAgent()
  expect(await pod.del()).toMatchObject({ exitCode: 0 })
  await pod.start()
  expect(await pod.check()).toMatchObject({ exitCode: 0 })
  await pod.del()
})
