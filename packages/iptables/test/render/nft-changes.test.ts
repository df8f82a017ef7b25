import { describe, expect, test } from 'vitest'

import {
  parseRedirectSpec,
  plan,
  renderNft,
  renderNftBatch,
  type RuleSet,
} from '../../src/index.ts'
import { readMessages } from '../../src/netlink/reader.ts'
import { nftChanges, setsInAdvance } from '../../src/render/nft-changes.ts'

const from = (spec: unknown): RuleSet => plan(parseRedirectSpec(spec))
const before = from({ excludeInboundPorts: [1, 2], excludeOutboundCidrs: ['10.0.0.0/8'] })
const after = from({
  excludeInboundPorts: [1, 3],
  includeOutboundCidrs: ['192.168.0.0/16'],
  excludeOutboundPorts: [7],
})
const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name)

describe('what changes between two rule sets', () => {
  test('sets come, go and change; chains stay', () => {
    const changes = nftChanges(after, before)
    expect(names(changes.newSets)).toEqual(['include_outbound_ipv4', 'exclude_outbound_ports'])
    expect(names(changes.staleSets)).toEqual(['exclude_outbound_ipv4'])
    expect(changes.changedSets).toMatchObject([
      { removed: { elements: [2] }, added: { name: 'exclude_inbound_ports', elements: [3] } },
    ])
    expect(changes.onlyElements).toBe(false)
    expect(changes.newChains).toEqual([])
    expect(changes.staleChains).toEqual([])
  })

  test('a chain without its hook comes anew', () => {
    const chains = before.chains.map(({ table, name, rules }) => ({ table, name, rules }))
    const changes = nftChanges(before, { ...before, chains })
    expect(names(changes.newChains)).toEqual(['prerouting', 'output'])
    expect(names(changes.staleChains)).toEqual(['prerouting', 'output'])
  })

  test('a set of another type comes anew', () => {
    const sets = before.sets.map((set) => ({ ...set, type: 'mark' as const, elements: [1] }))
    const changes = nftChanges(before, { ...before, sets })
    expect(names(changes.newSets)).toEqual(names(before.sets))
    expect(names(changes.staleSets)).toEqual(names(before.sets))
    expect(setsInAdvance(before, { ...before, sets })).toEqual([])
  })

  test('only sets of blocks have to be there in advance', () => {
    expect(names(setsInAdvance(after, before))).toEqual(['include_outbound_ipv4'])
    expect(setsInAdvance(before, before)).toEqual([])
  })
})

test('the script keeps the table and the chains', () => {
  const text = renderNft(after, { over: before })
  expect(text.split('\n').slice(0, 5)).toEqual([
    'flush table inet proxy_sidecar',
    'delete set inet proxy_sidecar exclude_outbound_ipv4',
    'delete element inet proxy_sidecar exclude_inbound_ports { 2 }',
    'add element inet proxy_sidecar exclude_inbound_ports { 3 }',
    'table inet proxy_sidecar {',
  ])
  expect(text).not.toMatch(/delete table|delete chain|type nat/)
})

test('the batch keeps the table and the chains', () => {
  const { messages } = renderNftBatch(after, { over: before })
  const kinds = readMessages(messages).map(({ type }) => type & 0xff)
  // Table, rules, a set, elements of a set; then no chain is made.
  expect(kinds.slice(1, 5)).toEqual([0, 8, 11, 14])
  expect(kinds).not.toContain(2)
  expect(kinds).not.toContain(3)
  expect(kinds).not.toContain(5)
})
