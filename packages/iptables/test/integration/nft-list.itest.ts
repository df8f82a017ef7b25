import { createNetns, type TestNetns } from '@proxy/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

import {
  ipRouteControl,
  nftablesBackend,
  nftBackend,
  parseNftJson,
  type RouteControl,
} from '../../src/index.ts'
import { everythingFor } from '../support/vocabulary.ts'
import { anyPlan } from '../support/arbitrary.ts'
import { goldenCases, planOf } from '../support/cases.ts'
import { runnerIn } from './support/backends.ts'
import { openTransport, type TestTransport } from './support/netlink-transport.ts'

let netns: TestNetns
let netlink: TestTransport
let routes: RouteControl
beforeAll(async () => {
  netns = await createNetns('ipt-list')
  netlink = await openTransport(netns)
  routes = ipRouteControl({ runner: runnerIn(netns) })
})
afterAll(async () => {
  await netlink[Symbol.asyncDispose]()
  await netns[Symbol.asyncDispose]()
})

// What our bytes mean, in the words of `nft`: the golden files of the encoding that people read.
test.for(Object.keys(goldenCases))('%s', async (name) => {
  const backend = nftablesBackend({ netlink, routes })
  // Chains that stay keep their place in the listing.
  await backend.remove()
  await backend.apply(planOf(name))
  const listed = await netns.must('nft', '--stateless', 'list', 'table', 'inet', 'proxy_sidecar')
  await expect(listed).toMatchFileSnapshot(`../golden/${name}.nft`)
})

// The two ways into the table are one: what each made is what the other wants, and nft lists both
// in the same words.
test.for(Object.keys(goldenCases))('%s by nft -f is what netlink makes', async (name) => {
  const rules = planOf(name)
  const netlinkBackend = nftablesBackend({ netlink, routes })
  const nft = nftBackend({ runner: runnerIn(netns), routes })
  await nft.remove()
  await nft.apply(rules)
  expect(await netlinkBackend.verify(rules)).toEqual({ ok: true, differences: [] })
  const listed = await netns.must('nft', '--stateless', 'list', 'table', 'inet', 'proxy_sidecar')
  await expect(listed).toMatchFileSnapshot(`../golden/${name}.nft`)
  await netlinkBackend.remove()
  await netlinkBackend.apply(rules)
  expect(await nft.verify(rules)).toEqual({ ok: true, differences: [] })
  // Among tables of others, too.
  expect(parseNftJson(await netns.must('nft', '-j', 'list', 'ruleset')).exists).toBe(true)
})

test.for([['ipv4', 'ipv6'], ['ipv4'], ['ipv6']] as const)(
  'every condition and verdict for %s by nft -f is what netlink makes',
  async (only) => {
    const one = everythingFor(only)
    const netlinkBackend = nftablesBackend({ netlink, routes })
    const nft = nftBackend({ runner: runnerIn(netns), routes })
    await nft.apply(one)
    expect(await nft.verify(one)).toEqual({ ok: true, differences: [] })
    expect(await netlinkBackend.verify(one)).toEqual({ ok: true, differences: [] })
    await netlinkBackend.remove()
    await netlinkBackend.apply(one)
    expect(await nft.verify(one)).toEqual({ ok: true, differences: [] })
  },
)

test('any plan by nft -f is what netlink makes, and the other way round', async () => {
  const netlinkBackend = nftablesBackend({ netlink, routes })
  const nft = nftBackend({ runner: runnerIn(netns), routes, counters: false })
  await fc.assert(
    fc.asyncProperty(anyPlan, anyPlan, async (one, other) => {
      await nft.apply(one)
      expect(await netlinkBackend.verify(one)).toEqual({ ok: true, differences: [] })
      await netlinkBackend.apply(other)
      expect(await nft.verify(other)).toEqual({ ok: true, differences: [] })
    }),
    { numRuns: 40, endOnFailure: true },
  )
})
