import { afterEach, describe, expect, test } from 'vitest'

import { type Pod } from '@proxy/lab'

import { printedError } from '../src/cni-error.ts'
import { oursOn, rulesIn } from '../src/node-state.ts'
import { callPlugin, checkOf, previousResult } from '../src/plugin.ts'
import { envoyOf, envoysOf } from '../src/processes.ts'
import { releaseAll } from '../src/release-all.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'verbs' })

const pods: Pod[] = []

/** A pod that is on the network and captured. */
async function captured(name: string): Promise<Pod> {
  const pod = await node.lab.createPod({ name })
  pods.push(pod)
  await pod.start()
  return pod
}

afterEach(async () => {
  await releaseAll(node.lab, pods.splice(0))
})

test('ADD twice is as once', async () => {
  const { lab } = node
  const pod = await captured('twice')
  const [envoy, rules] = [await envoyOf(lab, pod), await rulesIn(pod)]
  const prevResult = previousResult(pod, `${pod.ip}/24`)
  const again = await callPlugin(lab, { command: 'ADD', pod, conf: { prevResult } })
  expect(again).toMatchObject({ exitCode: 0, answer: prevResult })
  expect(await envoyOf(lab, pod)).toEqual(envoy)
  expect(await rulesIn(pod)).toBe(rules)
})

test('DEL twice is as once', async () => {
  const pod = await captured('away')
  expect(await pod.del()).toMatchObject({ exitCode: 0 })
  expect(await pod.del()).toMatchObject({ exitCode: 0 })
  expect(await callPlugin(node.lab, { command: 'DEL', pod })).toMatchObject({ exitCode: 0 })
  expect(await oursOn(node.lab, [pod])).toEqual({})
})

test('DEL of a pod that never was', async () => {
  const pod = await node.lab.createPod({ name: 'never' })
  expect(await callPlugin(node.lab, { command: 'DEL', pod })).toMatchObject({
    exitCode: 0,
    stdout: '',
  })
})

describe('DEL without a namespace', () => {
  test.each([
    ['not named', undefined],
    ['empty', ''],
    ['that is gone', '/var/run/netns/pxt-e2e-verbs-nowhere'],
  ])('%s', async (_, netns) => {
    const { lab } = node
    const pod = await captured(`nameless-${String(netns).length}`)
    expect(await callPlugin(lab, { command: 'DEL', pod, netns })).toMatchObject({ exitCode: 0 })
    // The pin has kept the namespace: its rules went too.
    expect(await rulesIn(pod)).toBe('')
    expect(await oursOn(lab, [pod])).toEqual({})
  })
})

describe('CHECK', () => {
  const check = (pod: Pod) => callPlugin(node.lab, checkOf(pod))

  test('of a captured pod finds nothing', async () => {
    expect(await check(await captured('checked'))).toMatchObject({ exitCode: 0, stdout: '' })
  })

  test('of a pod that was never added fails', async () => {
    const pod = await node.lab.createPod({ name: 'unknown' })
    expect(printedError(await check(pod))).toMatchObject({ code: 101 })
  })

  test('names the rules that are missing', async () => {
    const pod = await captured('damaged')
    const listed = await pod.run(['nft', '-a', 'list', 'table', 'inet', 'proxy_sidecar'])
    const [, chain] = /chain (\S*inbound\S*) \{/.exec(listed.stdout) ?? []
    await pod.run(['nft', 'flush', 'chain', 'inet', 'proxy_sidecar', chain ?? ''])
    const { code, msg } = printedError(await check(pod))
    expect(code).toBe(101)
    expect(msg).toContain('missing')
  })
})

describe('GC', () => {
  const collect = (valid: readonly Pod[] | undefined, network = 'lab') => {
    const attachments = valid?.map(({ containerId }) => ({
      containerID: containerId,
      ifname: 'eth0',
    }))
    return callPlugin(node.lab, {
      command: 'GC',
      conf: { name: network, ...(attachments && { 'cni.dev/valid-attachments': attachments }) },
    })
  }

  test('removes what is not listed, keeps what is', async () => {
    const { lab } = node
    const [kept, dropped] = [await captured('kept'), await captured('dropped')]
    const envoy = await envoyOf(lab, kept)

    expect(await collect(undefined)).toMatchObject({ exitCode: 0 })
    expect(await collect([], 'another-network')).toMatchObject({ exitCode: 0 })
    expect(await envoysOf(lab, dropped)).toHaveLength(1)

    expect(await collect([kept])).toMatchObject({ exitCode: 0 })
    expect(await envoysOf(lab, dropped)).toEqual([])
    expect(await rulesIn(dropped)).toBe('')
    expect(await envoyOf(lab, kept)).toEqual(envoy)
    expect(await kept.check()).toMatchObject({ exitCode: 0 })

    expect(await collect([])).toMatchObject({ exitCode: 0 })
    expect(await oursOn(lab, [kept, dropped])).toEqual({})
  })
})

test('STATUS is permissive unless it is configured strict', async () => {
  const { lab } = node
  const status = (strictStatus: boolean) =>
    callPlugin(lab, { command: 'STATUS', conf: { strictStatus } })
  expect(await status(true)).toMatchObject({ exitCode: 0 })
  await node.agent.stop()
  expect(await status(false)).toMatchObject({ exitCode: 0 })
  expect(printedError(await status(true))).toMatchObject({ code: 50 })
  await node.startAgent()
})

test('VERSION lists what is supported', async () => {
  const { answer } = await callPlugin(node.lab, { command: 'VERSION' })
  expect(answer?.['supportedVersions']).toEqual(expect.arrayContaining(['0.3.1', '1.1.0']))
})
