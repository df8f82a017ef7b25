import { createNetns, type TestNetns } from '@proxy/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { nftablesBackend } from '../../src/index.ts'
import { goldenCases, planOf } from '../support/cases.ts'
import { openTransport, type TestTransport } from './support/netlink-transport.ts'

let netns: TestNetns
let netlink: TestTransport
beforeAll(async () => {
  netns = await createNetns('ipt-list')
  netlink = await openTransport(netns)
})
afterAll(async () => {
  await netlink[Symbol.asyncDispose]()
  await netns[Symbol.asyncDispose]()
})

// What our bytes mean, in the words of `nft`: the golden files of the encoding that people read.
test.for(Object.keys(goldenCases))('%s', async (name) => {
  await nftablesBackend({ netlink }).apply(planOf(name))
  const listed = await netns.must('nft', '--stateless', 'list', 'table', 'inet', 'proxy_sidecar')
  await expect(listed).toMatchFileSnapshot(`../golden/${name}.nft`)
})
