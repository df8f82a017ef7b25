import { describe, expect, test } from 'vitest'

import { type AddRequest } from '@proxy/agent-api'

import { CaptureError, capturePod } from '../src/pod/capture.ts'
import { faultsOf } from '../src/pod/check.ts'
import { detachPod } from '../src/pod/detach.ts'
import { releasePod } from '../src/pod/release.ts'
import { createFakeNode, type FakeNode } from './fake-parts.ts'
import { recordOf } from './pod-record-fixture.ts'

const ID = { dev: 4, ino: 1 }
const never = new AbortController().signal

function requestOf(containerId: string): AddRequest {
  const { capture, pod } = recordOf(containerId)
  return {
    ...{ containerId, capture, network: 'lab', ifname: 'eth0', netns: `/ns/${containerId}` },
    pod: { namespace: pod.namespace, name: pod.name },
    podIps: ['10.1.0.2'],
    reason: 'all-pods',
  }
}

async function nodeWith(...containers: readonly string[]): Promise<FakeNode> {
  const node = await createFakeNode()
  for (const [index, id] of containers.entries())
    node.namespaces.set(`/ns/${id}`, { ...ID, ino: index + 1 })
  return node
}

test('a captured pod has everything, and its record says so', async () => {
  await using node = await nodeWith('c1')
  const record = await capturePod(node.parts, requestOf('c1'), never)
  expect(record).toMatchObject({
    phase: 'captured',
    netnsId: ID,
    addresses: ['10.1.0.2', '10.1.0.9'],
  })
  expect(node.leftOf('c1')).toHaveLength(8)
  expect(node.peers.get('c1')).toEqual(record.addresses)
  expect(await faultsOf(node.parts, record)).toEqual([])
})

test('nothing is done to the pod before the intent is on disk', async () => {
  await using node = await nodeWith('c1')
  node.failing.add('provision')
  const phases: (string | undefined)[] = []
  node.observe = () => phases.push(node.parts.journal.get('c1')?.phase)
  await expect(capturePod(node.parts, requestOf('c1'), never)).rejects.toThrow(CaptureError)
  expect(node.calls.slice(0, 2)).toEqual(['pin c1', 'provision c1'])
  expect(phases.slice(0, 2)).toEqual([undefined, 'capturing'])
})

describe('a step that fails leaves nothing behind', () => {
  test.each([
    ['pin', 'pin the network namespace'],
    ['provision', 'give the sidecar its identity'],
    ['redirect', 'redirect the traffic of the pod'],
    ['peer', 'tell the other sidecars of the pod'],
    ['start', 'start the sidecar'],
  ])('%s', async (verb, step) => {
    await using node = await nodeWith('c1')
    node.failing.add(verb)
    const failed = capturePod(node.parts, requestOf('c1'), never)
    await expect(failed).rejects.toThrow(`${step}: ${verb} fails`)
    expect(node.leftOf('c1')).toEqual([])
  })

  test('a namespace that is none', async () => {
    await using node = await nodeWith()
    await expect(capturePod(node.parts, requestOf('c1'), never)).rejects.toThrow('is no namespace')
    expect(node.leftOf('c1')).toEqual([])
  })

  test('a caller that gave up', async () => {
    await using node = await nodeWith('c1')
    const failed = capturePod(node.parts, requestOf('c1'), AbortSignal.abort(new Error('too late')))
    await expect(failed).rejects.toThrow('too late')
    expect(node.leftOf('c1')).toEqual([])
    expect(node.calls).not.toContain('start c1')
  })

  test('a caller that gave up while Envoy started', async () => {
    await using node = await nodeWith('c1')
    const caller = new AbortController()
    node.observe = () => {
      if (node.calls.at(-1) === 'start c1') caller.abort(new Error('too late'))
    }
    await expect(capturePod(node.parts, requestOf('c1'), caller.signal)).rejects.toThrow('too late')
    expect(node.leftOf('c1')).toEqual([])
  })
})

test('when the roll-back fails too, the journal keeps the pod for the reconcile loop', async () => {
  await using node = await nodeWith('c1')
  for (const verb of ['start', 'unredirect']) node.failing.add(verb)
  const failed = capturePod(node.parts, requestOf('c1'), never)
  await expect(failed).rejects.toThrow(CaptureError)
  await expect(failed).rejects.toThrow(
    'start the sidecar: start fails; undoing it failed too: remove the redirection: unredirect fails',
  )
  expect(node.leftOf('c1')).toEqual(['rules', 'journal'])
  expect(node.parts.journal.get('c1')?.phase).toBe('releasing')
})

test('twice is as once', async () => {
  await using node = await nodeWith('c1')
  const first = await capturePod(node.parts, requestOf('c1'), never)
  expect(await capturePod(node.parts, requestOf('c1'), never)).toEqual(first)
  expect(node.parts.journal.list()).toEqual([first])
})

describe('a pod attached to two networks has one sidecar', () => {
  const second = (): AddRequest => ({ ...requestOf('c1'), network: 'other', ifname: 'net1' })

  test('which the second ADD finds, and which the last DEL ends', async () => {
    await using node = await nodeWith('c1')
    await capturePod(node.parts, requestOf('c1'), never)
    const record = await capturePod(node.parts, second(), never)
    expect(record.attachments).toEqual([
      { network: 'lab', ifname: 'eth0' },
      { network: 'other', ifname: 'net1' },
    ])
    expect(await detachPod(node.parts, 'c1', ({ ifname }) => ifname === 'net1')).toBe(false)
    expect(node.leftOf('c1')).toHaveLength(8)
    expect(node.parts.journal.get('c1')?.attachments).toHaveLength(1)
    expect(await detachPod(node.parts, 'c1', ({ ifname }) => ifname === 'eth0')).toBe(true)
    expect(node.leftOf('c1')).toEqual([])
  })

  test('a DEL of an attachment that it does not have changes nothing', async () => {
    await using node = await nodeWith('c1')
    const record = await capturePod(node.parts, requestOf('c1'), never)
    expect(await detachPod(node.parts, 'c1', ({ ifname }) => ifname === 'net9')).toBe(false)
    expect(node.parts.journal.get('c1')).toEqual(record)
  })

  test('one that is being released is released whole', async () => {
    await using node = await nodeWith('c1')
    const record = await capturePod(node.parts, second(), never)
    await node.parts.journal.write({ ...record, phase: 'releasing' })
    expect(await detachPod(node.parts, 'c1', () => false)).toBe(true)
    expect(node.leftOf('c1')).toEqual([])
  })
})

test('the same id with another namespace starts anew', async () => {
  await using node = await nodeWith('c1')
  await capturePod(node.parts, requestOf('c1'), never)
  node.namespaces.set('/ns/c1', { dev: 4, ino: 99 })
  const record = await capturePod(node.parts, requestOf('c1'), never)
  expect(record.netnsId.ino).toBe(99)
  expect(node.calls.filter((call) => call === 'unpin c1')).toHaveLength(1)
})

describe('on a full disk', () => {
  /** The parts of a node whose journal can be read and emptied, not written. */
  const full = ({ parts }: FakeNode): FakeNode['parts'] => ({
    ...parts,
    journal: { ...parts.journal, write: () => Promise.reject(new Error('ENOSPC')) },
  })

  test('a capture fails as any other, and leaves nothing', async () => {
    await using node = await nodeWith('c1')
    const failed = capturePod(full(node), requestOf('c1'), never)
    await expect(failed).rejects.toThrow(CaptureError)
    await expect(failed).rejects.toThrow('journal the intent: ENOSPC')
    expect(node.leftOf('c1')).toEqual([])
  })

  test('a pod is released all the same', async () => {
    await using node = await nodeWith('c1')
    const record = await capturePod(node.parts, requestOf('c1'), never)
    await releasePod(full(node), record)
    expect(node.leftOf('c1')).toEqual([])
  })
})

describe('release', () => {
  test('leaves nothing, and again is fine', async () => {
    await using node = await nodeWith('c1', 'c2')
    const record = await capturePod(node.parts, requestOf('c1'), never)
    await capturePod(node.parts, requestOf('c2'), never)
    await releasePod(node.parts, record)
    await releasePod(node.parts, { containerId: 'c1' })
    await releasePod(node.parts, { containerId: 'never-there' })
    expect(node.leftOf('c1')).toEqual([])
    expect(node.leftOf('c2')).toHaveLength(8)
  })

  test('removes the folder, which Envoy could have changed, before it looks for the key in it', async () => {
    await using node = await nodeWith('c1')
    await capturePod(node.parts, requestOf('c1'), never)
    node.calls.length = 0
    await releasePod(node.parts, { containerId: 'c1' })
    const [suspend, remove, retire] = ['suspend c1', 'remove c1', 'retire c1'].map((call) =>
      node.calls.indexOf(call),
    )
    expect(suspend).toBeLessThan(remove!)
    expect(remove).toBeLessThan(retire!)
  })

  test('one failed step does not keep the others, and the next try ends it', async () => {
    await using node = await nodeWith('c1')
    const record = await capturePod(node.parts, requestOf('c1'), never)
    for (const verb of ['remove', 'retire']) node.failing.add(verb)
    const failed = releasePod(node.parts, record)
    await expect(failed).rejects.toThrow(
      'stop the sidecar: remove fails; retire the identity: retire fails',
    )
    expect(node.leftOf('c1')).toEqual(['running', 'files', 'journal'])
    node.failing.clear()
    await releasePod(node.parts, { containerId: 'c1' })
    expect(node.leftOf('c1')).toEqual([])
  })
})

describe('check names what is wrong', () => {
  test.each<[string, (node: FakeNode) => void, string]>([
    ['rules', (node) => node.rules.clear(), 'rule x is missing'],
    ['process', (node) => node.running.clear(), 'the sidecar does not run'],
    ['namespace', (node) => node.namespaces.set('/ns/c1', { dev: 4, ino: 2 }), '/ns/c1 is not the'],
  ])('%s', async (_, break_, fault) => {
    await using node = await nodeWith('c1')
    const record = await capturePod(node.parts, requestOf('c1'), never)
    break_(node)
    expect(await faultsOf(node.parts, record)).toEqual([expect.stringContaining(fault)])
  })
})
