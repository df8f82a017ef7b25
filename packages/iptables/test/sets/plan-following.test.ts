import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  explain,
  type Packet,
  parseRedirectSpec,
  plan,
  planFollowing,
  renderNft,
  renderNftBatch,
} from '../../src/index.ts'
import { readMessages } from '../../src/netlink/reader.ts'
import { nftChanges } from '../../src/render/nft-changes.ts'
import { anySpec } from '../support/arbitrary.ts'
import { codeOf } from '../support/code-of.ts'

const both = { families: ['ipv4', 'ipv6'] as const }
const listed = parseRedirectSpec({ includeInboundPorts: [80], includeOutboundCidrs: [] })
const lists = [
  { ...listed, ...both },
  { ...listed, ...both, includeInboundPorts: [], excludeOutboundPorts: [25] },
  {
    ...listed,
    ...both,
    includeInboundPorts: [81, 82],
    excludeInboundPorts: [82],
    includeOutboundPorts: [443],
    includeOutboundCidrs: ['10.0.0.0/9', '10.128.0.0/9', 'fd00::/8'],
    excludeOutboundCidrs: ['10.1.0.0/16'],
  },
]

test('the rules are the same whatever is in the lists', () => {
  const [first, ...others] = lists.map((spec) => planFollowing(spec))
  for (const other of others) {
    expect(other.chains).toEqual(first?.chains)
    expect(other.sets.map(({ name }) => name)).toEqual(first?.sets.map(({ name }) => name))
  }
})

test('the sets hold what is in the lists, and what is excluded is not included', () => {
  const { sets } = planFollowing(lists[2] ?? listed)
  expect(Object.fromEntries(sets.map(({ name, elements }) => [name, elements]))).toEqual({
    include_inbound_ports: [81],
    include_outbound_ports: [443],
    exclude_outbound_ports: [],
    include_outbound_ipv4: ['10.0.0.0/8'],
    include_outbound_ipv6: ['fd00::/8'],
    exclude_outbound_ipv4: ['10.1.0.0/16'],
    exclude_outbound_ipv6: [],
  })
})

describe('a change of a list', () => {
  const [before, , after] = lists.map((spec) => planFollowing(spec))
  if (before === undefined || after === undefined) throw new Error('no plans')

  test('is one of elements only', () => {
    expect(nftChanges(after, before).onlyElements).toBe(true)
    expect(nftChanges(plan(listed), before).onlyElements).toBe(false)
  })

  test('is a script about elements only', () => {
    expect(renderNft(after, { over: before }).split('\n')).toEqual([
      'delete element inet proxy_sidecar include_inbound_ports { 80 }',
      'add element inet proxy_sidecar include_inbound_ports { 81 }',
      'add element inet proxy_sidecar include_outbound_ports { 443 }',
      'flush set inet proxy_sidecar include_outbound_ipv4',
      'add element inet proxy_sidecar include_outbound_ipv4 { 10.0.0.0/8 }',
      'flush set inet proxy_sidecar include_outbound_ipv6',
      'add element inet proxy_sidecar include_outbound_ipv6 { fd00::/8 }',
      'flush set inet proxy_sidecar exclude_outbound_ipv4',
      'add element inet proxy_sidecar exclude_outbound_ipv4 { 10.1.0.0/16 }',
      '',
    ])
  })

  test('is a batch about elements only', () => {
    const { messages } = renderNftBatch(after, { over: before })
    const kinds = readMessages(messages).map(({ type }) => type & 0xff)
    // The table, to be sure that it is awake; then elements go and come.
    expect(new Set(kinds.slice(1, -1))).toEqual(new Set([0, 12, 14]))
  })
})

test('captures what plan captures', () => {
  const packet = fc.record<Packet>({
    direction: fc.constantFrom('inbound' as const, 'outbound' as const),
    family: fc.constant('ipv4' as const),
    protocol: fc.constant('tcp' as const),
    source: fc.constant('10.0.0.1'),
    destination: fc.constantFrom('10.0.0.2', '10.1.0.2', '93.184.216.34', '127.0.0.1'),
    destinationPort: fc.constantFrom(80, 81, 82, 443, 25, 15_008),
    interface: fc.constantFrom('eth0', 'lo'),
    uid: fc.constantFrom(0, 1337),
    gid: fc.constantFrom(0, 1337),
  })
  const spec = fc.constantFrom(...lists, parseRedirectSpec({ excludeInboundPorts: [80] }))
  fc.assert(
    fc.property(spec, packet, (one, sent) => {
      const { verdict, port } = explain(planFollowing(one), sent)
      const expected = explain(plan(one), sent)
      expect({ verdict, port }).toEqual({ verdict: expected.verdict, port: expected.port })
    }),
    { numRuns: 500 },
  )
})

test('a list that is everything has no set', () => {
  const { sets } = planFollowing(parseRedirectSpec({}))
  expect(sets.map(({ name }) => name)).not.toContain('include_inbound_ports')
  expect(sets.map(({ name }) => name)).not.toContain('include_outbound_ipv4')
})

test('refuses to capture loopback blocks by name', () => {
  for (const block of ['127.0.0.0/8', '127.1.2.3/32', '::1/128']) {
    const spec = { ...listed, includeOutboundCidrs: [block] }
    expect(codeOf(() => planFollowing(spec))).toBe('spec-invalid')
  }
  expect(codeOf(() => planFollowing({ ...listed, includeOutboundCidrs: ['0.0.0.0/0'] }))).toBe(
    'none',
  )
})

test('any specification has sets without places left in them', () => {
  fc.assert(
    fc.property(anySpec, (spec) => {
      fc.pre(codeOf(() => planFollowing(spec)) === 'none')
      for (const set of planFollowing(spec).sets) {
        const own = plan(spec).sets.find(({ name }) => name === set.name)
        // What captures nothing has no exclusions in plan, and has them here.
        expect(set.elements).toEqual(own?.elements ?? set.elements)
        expect(set.elements).not.toContain('192.0.2.1/32')
      }
    }),
  )
})
