import { createNetns, type TestNetns } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import {
  chooseBackend,
  detectCapabilities,
  detectUsage,
  iptablesRestoreBackend,
  nftBackend,
  parseRedirectSpec,
  plan,
  quietRunner,
} from '../../src/index.ts'
import { backendNames, openBackend, runnerIn } from './support/backends.ts'
import { openTransport } from './support/netlink-transport.ts'
import { snapshot } from './support/snapshot.ts'

const rules = plan(parseRedirectSpec({ proxyUids: [1337, 1338] }))

let netns: TestNetns
beforeEach(async () => {
  netns = await createNetns('ipt-detect')
})
afterEach(async () => {
  await netns[Symbol.asyncDispose]()
})

test('every way works here, and nothing is left in the namespace where that was tried', async () => {
  await using netlink = await openTransport(netns)
  const runner = runnerIn(netns)
  const found = await detectCapabilities({ netlink, runner, lockFile: netns.path })
  expect(Object.entries(found).filter(([, { works }]) => !works)).toEqual([])
  expect(await snapshot(netns)).not.toMatch(/proxy/i)
  expect(chooseBackend(found).backend).toBe('netlink')
})

test('without CAP_NET_ADMIN no way works, and each says why', async () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const
  await using netlink = await openTransport(netns, nobody)
  const runner = runnerIn(netns)
  const found = await detectCapabilities({
    netlink,
    lockFile: '/dev/null',
    runner: { run: (argv, stdin) => runner.run([...nobody, ...argv], stdin) },
  })
  const codes = Object.values(found).map((one) => (one.works ? '' : one.error?.code))
  expect(codes).toEqual(Array.from({ length: 4 }, () => 'permission-denied'))
})

test('looking changes nothing, not even the tables that the kernel would make', async () => {
  const list = (): Promise<string> => netns.must('nft', 'list', 'ruleset')
  const legacy = (): Promise<string> => netns.must('cat', '/proc/net/ip_tables_names')
  const before = [await list(), await legacy()]
  expect(await detectUsage(runnerIn(netns))).toEqual({ others: [], ours: [], meshes: [] })
  expect([await list(), await legacy()]).toEqual(before)
})

test.for(backendNames)('our rules by %s are seen', async (name) => {
  await using backend = await openBackend(name, netns)
  await backend.apply(rules)
  const expected = name === 'netlink' || name === 'nft' ? 'nf_tables' : name
  expect(await detectUsage(runnerIn(netns))).toEqual({ others: [], ours: [expected], meshes: [] })
})

describe('another mesh came first', () => {
  test.for(['iptables-nft', 'iptables-legacy'] as const)('by %s', async (tool) => {
    await netns.must(tool, '-t', 'nat', '-N', 'ISTIO_OUTPUT')
    await netns.must(tool, '-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '-j', 'ISTIO_OUTPUT')
    const usage = await detectUsage(runnerIn(netns))
    expect(usage).toEqual({
      others: [tool],
      ours: [],
      meshes: [{ mesh: 'Istio', where: tool, objects: ['ISTIO_OUTPUT'] }],
    })
  })

  test('by tables of its own', async () => {
    await netns.must('nft', 'add table inet istio-proxy-nat')
    const { meshes } = await detectUsage(runnerIn(netns))
    expect(meshes).toEqual([{ mesh: 'Istio', where: 'nft', objects: ['istio-proxy-nat'] }])
  })
})

test('the quiet runner shows programs no name service, and rules arrive all the same', async () => {
  const runner = quietRunner(runnerIn(netns))
  expect((await runner.run(['cat', '/etc/nsswitch.conf'])).stdout).toBe('')
  expect(await netns.must('cat', '/etc/nsswitch.conf')).toMatch(/passwd:/)
  const nft = nftBackend({ runner })
  await nft.apply(rules)
  expect(await nft.verify(rules)).toEqual({ ok: true, differences: [] })
  await nft.remove()
  const legacy = iptablesRestoreBackend({ runner, variant: 'legacy', lockFile: netns.path })
  await legacy.apply(rules)
  expect(await legacy.verify(rules)).toEqual({ ok: true, differences: [] })
})
