import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { collectGarbage } from '../src/pod/collect.ts'
import { detachPod } from '../src/pod/detach.ts'
import { createPodLocks } from '../src/pod/pod-locks.ts'
import { type QueuedRelease, reconcile } from '../src/node/reconcile.ts'
import { createFakeNode, type FakeNode } from './fake-parts.ts'
import { recordOf } from './pod-record-fixture.ts'

/** A node on which these pods were captured before the agent started. */
async function nodeWith(...containers: readonly string[]): Promise<FakeNode> {
  const node = await createFakeNode()
  for (const id of containers) {
    const record = recordOf(id)
    node.namespaces.set(record.netns, record.netnsId)
    node.pins.set(id, record.netns)
    for (const set of [node.rules, node.running, node.files]) set.add(id)
    await node.parts.journal.write(record)
  }
  await node.restart()
  return node
}

/** Runs the loop once; what it logs as an error is a failure unless the test made something fail. */
async function run(node: FakeNode, queue: readonly QueuedRelease[] = []): Promise<void> {
  await reconcile(node.parts, {
    locks: createPodLocks(),
    queue: () => Promise.resolve(queue),
    signal: new AbortController().signal,
  })
  if (node.failing.size === 0) expect(node.errors).toEqual([])
}

const ALL = ['pins', 'rules', 'running', 'files', 'identities', 'peers', 'watched', 'journal']

test('a running sidecar is adopted, not started again', async () => {
  await using node = await nodeWith('c1')
  await run(node)
  expect(node.leftOf('c1')).toEqual(ALL)
  expect(node.calls.filter((call) => /start|redirect/.test(call))).toEqual([])
  expect(node.peers.get('c1')).toEqual(['10.1.0.2'])
})

test('what is missing is repaired', async () => {
  await using node = await nodeWith('c1')
  node.rules.clear()
  node.running.clear()
  node.pins.clear()
  await run(node)
  expect(node.leftOf('c1')).toEqual(ALL)
  node.calls.length = 0
  await run(node)
  expect(node.calls).toEqual(['pin c1', 'peer c1'])
})

test('a queued deletion is done and taken out of the queue, also of a pod nobody knows', async () => {
  await using node = await nodeWith('c1', 'c2')
  const done: string[] = []
  const queued = (containerId: string): QueuedRelease => ({
    containerId,
    ifname: 'eth0',
    isWaiting: () => Promise.resolve(true),
    done: () => Promise.resolve(void done.push(containerId)),
  })
  await run(node, [queued('c1'), queued('unknown')])
  expect(done).toEqual(['c1', 'unknown'])
  expect(node.leftOf('c1')).toEqual([])
  expect(node.leftOf('c2')).toEqual(ALL)
})

test('a queued deletion that fails stays in the queue', async () => {
  await using node = await nodeWith('c1')
  node.failing.add('unredirect')
  const done: string[] = []
  const isWaiting = () => Promise.resolve(true)
  await run(node, [
    {
      containerId: 'c1',
      ifname: 'eth0',
      isWaiting,
      done: () => Promise.resolve(void done.push('c1')),
    },
  ])
  expect(done).toEqual([])
})

test('a queued deletion that an ADD has taken back since is not done', async () => {
  await using node = await nodeWith('c1')
  const isWaiting = () => Promise.resolve(false)
  await run(node, [{ containerId: 'c1', ifname: 'eth0', isWaiting, done: () => Promise.resolve() }])
  expect(node.leftOf('c1')).toEqual(ALL)
})

test.each(['capturing', 'releasing'] as const)(
  'a pod left %s by a crash is released',
  async (phase) => {
    await using node = await nodeWith('c1')
    await node.parts.journal.write(recordOf('c1', { phase }))
    await run(node)
    expect(node.leftOf('c1')).toEqual([])
  },
)

test('a pod whose namespace is gone, or is another one, is released', async () => {
  await using node = await nodeWith('gone', 'replaced')
  node.namespaces.delete('/var/run/netns/gone')
  node.namespaces.set('/var/run/netns/replaced', { dev: 4, ino: 5 })
  await run(node)
  expect([node.leftOf('gone'), node.leftOf('replaced')]).toEqual([[], []])
})

test('pins and sidecars that no pod is known for are removed', async () => {
  await using node = await nodeWith('c1')
  node.pins.set('stale-pin', '/var/run/netns/x')
  node.files.add('stale-files')
  node.running.add('stale-files')
  await run(node)
  expect([node.leftOf('stale-pin'), node.leftOf('stale-files')]).toEqual([[], []])
  expect(node.leftOf('c1')).toEqual(ALL)
})

test('a pod whose journal entry is unreadable goes on with what it has, until DEL', async () => {
  await using node = await nodeWith('c1')
  writeFileSync(join(node.dir.path, 'c1.json'), '{"version":1,"conta')
  await node.restart()
  await run(node)
  await node.restart() // and the next agent knows of it too
  await run(node)
  expect(node.leftOf('c1')).toEqual(['pins', 'rules', 'running', 'files'])
  await detachPod(node.parts, 'c1', () => true)
  expect(node.leftOf('c1')).toEqual([])
  expect(readdirSync(node.dir.path)).toEqual([])
})

test('one pod that cannot be repaired does not keep the others', async () => {
  await using node = await nodeWith('c1', 'c2')
  node.running.delete('c1')
  node.rules.delete('c2')
  node.failing.add('start')
  await run(node)
  expect(node.rules.has('c2')).toBe(true)
  expect(node.leftOf('c1')).not.toContain('running')
})

test('GC releases what is not listed, of its network only', async () => {
  await using node = await nodeWith('c1', 'c2', 'c3')
  await node.parts.journal.write(
    recordOf('c3', {
      attachments: [{ network: 'other', ifname: 'eth0' }],
    }),
  )
  const valid = [{ containerId: 'c1', ifname: 'eth0' }]
  expect(await collectGarbage(node.parts, 'lab', valid)).toEqual(['c2'])
  expect(node.leftOf('c2')).toEqual([])
  expect(node.leftOf('c1')).not.toEqual([])
  expect(node.leftOf('c3')).not.toEqual([])
})

test('GC takes off one attachment of two and leaves the sidecar', async () => {
  await using node = await nodeWith('c1')
  const attachments = [
    { network: 'lab', ifname: 'eth0' },
    { network: 'other', ifname: 'net1' },
  ]
  await node.parts.journal.write(recordOf('c1', { attachments }))
  expect(await collectGarbage(node.parts, 'other', [])).toEqual([])
  expect(node.parts.journal.get('c1')?.attachments).toEqual([attachments[0]])
  expect(node.running.has('c1')).toBe(true)
  expect(await collectGarbage(node.parts, 'lab', [])).toEqual(['c1'])
  expect(node.leftOf('c1')).toEqual([])
})

test('GC goes on after a failure and reports it', async () => {
  await using node = await nodeWith('c1', 'c2')
  node.failing.add('unpin')
  await expect(collectGarbage(node.parts, 'lab', [])).rejects.toThrow(/unpin fails.*unpin fails/)
  expect([node.leftOf('c1'), node.leftOf('c2')]).toEqual([
    ['pins', 'journal'],
    ['pins', 'journal'],
  ])
})

test('what cannot be listed keeps nothing else from being brought in order', async () => {
  await using node = await nodeWith('c1')
  node.rules.clear()
  node.pins.set('unknown', '/ns/unknown')
  await reconcile(
    {
      ...node.parts,
      sidecars: { ...node.parts.sidecars, list: () => Promise.reject(new Error('EISDIR')) },
    },
    {
      locks: createPodLocks(),
      queue: () => Promise.reject(new Error('EACCES')),
      signal: new AbortController().signal,
    },
  )
  expect(node.leftOf('c1')).toEqual(ALL)
  expect(node.leftOf('unknown')).toEqual([])
})

test('rules of a back end that is not configured any more are replaced, never missing', async () => {
  await using node = await nodeWith('c1')
  await node.parts.journal.write(recordOf('c1', { backend: 'iptables-legacy' }))
  await run(node)
  expect(node.leftOf('c1')).toEqual(ALL)
  expect(node.calls.filter((call) => call.includes('redirect'))).toEqual([
    'redirect c1',
    'unredirect c1',
    'unredirect c1 of iptables-legacy',
    'redirect c1',
  ])
  expect(node.parts.journal.get('c1')?.backend).toBe('nftables')
})

test('a pod is released by the back end that its rules are of', async () => {
  await using node = await nodeWith('c1')
  node.namespaces.clear()
  await node.parts.journal.write(recordOf('c1', { backend: 'iptables-nft' }))
  await run(node)
  expect(node.calls).toContain('unredirect c1 of iptables-nft')
})

test('a sidecar that does not have the ports of the rules is started again', async () => {
  await using node = await nodeWith('c1')
  const { network } = node.parts
  const socketFaults = () => Promise.resolve(['nothing listens on port 15006'])
  await reconcile(
    { ...node.parts, network: { ...network, socketFaults } },
    {
      locks: createPodLocks(),
      queue: () => Promise.resolve([]),
      signal: new AbortController().signal,
    },
  )
  expect(node.calls).toContain('start c1')
})

test('the logs of a sidecar that is well are kept short', async () => {
  await using node = await nodeWith('c1')
  const trimmed: string[] = []
  const trimLogs = (id: string) => Promise.resolve(void trimmed.push(id))
  await reconcile(
    { ...node.parts, sidecars: { ...node.parts.sidecars, trimLogs } },
    {
      locks: createPodLocks(),
      queue: () => Promise.resolve([]),
      signal: new AbortController().signal,
    },
  )
  expect(trimmed).toEqual(['c1'])
})
