import { createNetns } from '@proxy/testkit'
import { test } from 'vitest'

import { parseRedirectSpec, plan, renderNftBatch, renderRestore } from '../src/index.ts'
import { backendNames, openBackend } from '../test/integration/support/backends.ts'

/** What a pod without annotations gets. */
const input = { excludeInboundPorts: [15_020, 15_021, 15_090], excludeOutboundPorts: [15_020] }
const rules = plan(parseRedirectSpec(input))
const many = Array.from({ length: 1000 }, (_, index) => index)
const large = plan(
  parseRedirectSpec({
    excludeInboundPorts: many.map((index) => 20_000 + 2 * index),
    excludeOutboundCidrs: many.map((index) => `10.${index >> 8}.${index & 255}.128/25`),
  }),
)

test('pure', async ({ bench }) => {
  await bench('parse and plan', () => {
    plan(parseRedirectSpec(input))
  }).run()
  await bench('encode for netlink', () => {
    renderNftBatch(rules)
  }).run()
  await bench('encode for netlink, 1000 ports and 1000 blocks', () => {
    renderNftBatch(large)
  }).run()
  await bench('write for iptables-restore, both families', () => {
    renderRestore(rules, 'ipv4')
    renderRestore(rules, 'ipv6')
  }).run()
})

const other = plan(parseRedirectSpec({ ...input, excludeOutboundPorts: [15_021] }))

// Needs root. The netlink numbers include two pipes to the process that holds the socket.
for (const name of backendNames) {
  test(`kernel by ${name}`, async ({ bench }) => {
    await using netns = await createNetns('ipt-bench')
    await using backend = await openBackend(name, netns)
    await bench(`${name}: remove, then apply where nothing is`, async () => {
      await backend.remove()
      await backend.apply(rules)
    }).run()
    await bench(`${name}: apply the same`, () => backend.apply(rules)).run()
    await bench(`${name}: verify`, async () => {
      await backend.verify(rules)
    }).run()
    let turn = 0
    await bench(`${name}: replace by others`, () => {
      turn++
      return backend.apply(turn % 2 === 0 ? rules : other)
    }).run()
    await bench(`${name}: remove, then apply 1000 ports and 1000 blocks`, async () => {
      await backend.remove()
      await backend.apply(large)
    }).run()
  })
}
