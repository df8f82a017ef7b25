import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { diffRules, parseNftJson, type Rule } from '../../src/index.ts'
import { anyPlan } from '../support/arbitrary.ts'
import { planOf } from '../support/cases.ts'
import { codeOf } from '../support/code-of.ts'
import { everythingFor } from '../support/vocabulary.ts'
import { jsonListing } from '../support/json-listing.ts'

const ours = { family: 'inet', table: 'proxy_sidecar' }
const meta = (key: string): unknown => ({ meta: { key } })
const dport = { payload: { protocol: 'tcp', field: 'dport' } }

/** A listing of one chain with one rule. */
function listing(expr: readonly unknown[], more: readonly unknown[] = []): string {
  return JSON.stringify({
    nftables: [
      { table: { family: 'inet', name: 'proxy_sidecar' } },
      { chain: { ...ours, name: 'nat_outbound' } },
      { rule: { ...ours, chain: 'nat_outbound', comment: 'proxy/it', expr } },
      ...more,
    ],
  })
}

function ruleIn(...expr: unknown[]): Rule | undefined {
  return parseNftJson(listing(expr)).rules.chains[0]?.rules[0]
}

test('what nft lists of any plan is that plan', () => {
  fc.assert(
    fc.property(anyPlan, (rules) => {
      const state = parseNftJson(jsonListing(rules))
      expect(state).toMatchObject({ exists: true, anomalies: [] })
      expect(diffRules(rules, state.rules)).toEqual([])
    }),
  )
})

test.for([['ipv4', 'ipv6'], ['ipv4'], ['ipv6']] as const)(
  'every condition and verdict is read back, for %s',
  (only) => {
    const rules = everythingFor(only)
    const state = parseNftJson(jsonListing(rules))
    expect(state.anomalies).toEqual([])
    expect(diffRules(rules, state.rules)).toEqual([])
  },
)

test('what is in tables of others is theirs', () => {
  const text = jsonListing(planOf('pod')).replaceAll('"proxy_sidecar"', '"other"')
  const nothing = { families: [], sets: [], chains: [] }
  expect(parseNftJson(text)).toEqual({ exists: false, rules: nothing, anomalies: [] })
  const otherFamily = jsonListing(planOf('pod')).replaceAll('"inet"', '"ip"')
  expect(parseNftJson(otherFamily).exists).toBe(false)
})

describe('rules', () => {
  test('a port says the protocol, an address the family', () => {
    const address = { payload: { protocol: 'ip6', field: 'saddr' } }
    expect(
      ruleIn(
        { match: { op: '!=', left: dport, right: 80 } },
        { match: { op: '==', left: address, right: { prefix: { addr: 'fd00::', len: 8 } } } },
        { return: null },
      ),
    ).toEqual({
      name: 'it',
      families: ['ipv6'],
      match: [
        { kind: 'protocol', protocol: 'tcp' },
        { kind: 'source', values: ['fd00::/8'], negate: false },
        { kind: 'destination-port', values: [80], negate: true },
      ],
      verdict: { kind: 'return' },
    })
  })

  test.for([
    ['a mask', { match: { op: '==', left: { '&': [meta('l4proto'), 3] }, right: 2 } }],
    ['a field of others', { match: { op: '==', left: meta('length'), right: 2 } }],
    ['a list without a name', { match: { op: '==', left: dport, right: { set: [1, 2] } } }],
    ['a range of ports', { match: { op: '==', left: dport, right: { range: [1, 2] } } }],
    ['no protocol', { match: { op: '!=', left: meta('l4proto'), right: 'tcp' } }],
    ['no family', { match: { op: '!=', left: meta('nfproto'), right: 'ipv4' } }],
    ['another protocol', { match: { op: '==', left: meta('l4proto'), right: 'sctp' } }],
    ['a state of others', { match: { op: 'in', left: { ct: { key: 'state' } }, right: 'new' } }],
    ['no state', { match: { op: '!=', left: { ct: { key: 'state' } }, right: 'invalid' } }],
    ['no socket', { match: { op: '==', left: { socket: { key: 'transparent' } }, right: 0 } }],
    ['a limit', { limit: { rate: 1, per: 'second' } }],
    ['an address with a name', { match: { op: '==', left: meta('oifname'), right: 4 } }],
  ] as const)('%s is an unknown condition', ([, expression]) => {
    const rule = ruleIn(expression, { return: null })
    expect(rule?.match).toMatchObject([{ kind: 'unknown' }])
    expect(rule?.verdict).toEqual({ kind: 'return' })
  })

  test.for([
    ['a jump elsewhere', { jump: { target: 'mangle_outbound' } }],
    ['a goto', { goto: { target: 'nat_outbound' } }],
    ['an accept', { accept: null }],
    ['a redirection with flags', { redirect: { port: 15_001, flags: 'random' } }],
    ['a hand-over without a mark', { tproxy: { port: 15_006 } }],
    ['an address to be handed to', { tproxy: { addr: '10.0.0.1', port: 15_006 } }],
    ['another property', { mangle: { key: { meta: { key: 'priority' } }, value: 1 } }],
    ['some bits of a mark', { mangle: { key: { meta: { key: 'mark' } }, value: { '|': [1, 2] } } }],
    ['a redirection to several', { redirect: { port: { range: [1, 2] } } }],
  ] as const)('%s is an unknown verdict', ([, expression]) => {
    expect(ruleIn(expression)?.verdict).toMatchObject({ kind: 'unknown' })
  })

  test('what is behind the verdict does not count as a condition', () => {
    const behind = { match: { op: '==', left: dport, right: 80 } }
    expect(ruleIn({ return: null }, behind)?.match).toEqual([
      { kind: 'unknown', text: 'expression match behind the verdict' },
    ])
    expect(ruleIn({ return: null }, { accept: null })?.verdict).toEqual({ kind: 'return' })
    expect(ruleIn()?.verdict).toEqual({ kind: 'unknown', text: 'no verdict' })
  })

  test('two families at once are unknown, and so are two protocols', () => {
    const of = (family: string): unknown => ({
      match: { op: '==', left: meta('nfproto'), right: family },
    })
    expect(ruleIn(of('ipv4'), of('ipv6'))?.match).toMatchObject([{ kind: 'unknown' }])
    const udp = { match: { op: '==', left: meta('l4proto'), right: 'udp' } }
    const match = ruleIn(udp, { match: { op: '==', left: dport, right: 80 } })?.match
    expect(match?.filter(({ kind }) => kind === 'protocol')).toHaveLength(2)
  })

  test('a comment of somebody else names nothing', () => {
    const text = listing([{ return: null }]).replace('proxy/it', 'mine')
    expect(parseNftJson(text).rules.chains[0]?.rules[0]?.name).toBe('unnamed')
  })
})

describe('anomalies', () => {
  const anomaly = (more: unknown): unknown => parseNftJson(listing([], [more])).anomalies

  test('a sleeping table', () => {
    const text = listing([]).replace('"name":"proxy_sidecar"}', '"name":"proxy_sidecar","flags":1}')
    expect(parseNftJson(text).anomalies).toMatchObject([{ kind: 'changed', object: 'table' }])
  })

  test.for([
    ['another hook', { hook: 'input' }],
    ['another kind', { type: 'filter' }],
    ['another priority', { prio: -99 }],
    ['another policy', { policy: 'drop' }],
  ] as const)('a chain with %s', ([, change]) => {
    const good = { type: 'nat', hook: 'output', prio: -100, policy: 'accept' }
    expect(anomaly({ chain: { ...ours, name: 'nat_output', ...good } })).toEqual([])
    expect(anomaly({ chain: { ...ours, name: 'nat_output', ...good, ...change } })).toMatchObject([
      { kind: 'changed', object: 'hook', name: 'nat_output' },
    ])
  })

  test('a chain that we do not make', () => {
    expect(anomaly({ chain: { ...ours, name: 'back_door' } })).toMatchObject([
      { kind: 'extra', object: 'chain', name: 'back_door' },
    ])
  })

  test.for([
    ['everything in it', { type: 'inet_service', elem: ['*', 80] }],
    ['another type', { type: 'ether_addr' }],
    ['a timeout', { type: 'inet_service', flags: ['timeout'] }],
    ['elements of another kind', { type: 'inet_service', elem: [{ elem: { val: 80 } }] }],
    ['a range of another family', { type: 'ipv4_addr', flags: ['interval'], elem: ['fd00::'] }],
    ['blocks without intervals', { type: 'ipv4_addr', elem: ['10.0.0.1'] }],
  ] as const)('a set with %s', ([, set]) => {
    expect(anomaly({ set: { ...ours, name: 'x', ...set } })).toMatchObject([
      { kind: 'changed', object: 'set', name: 'x' },
    ])
  })

  test('a range of addresses is its blocks', () => {
    const elem = [{ range: ['10.0.0.0', '10.0.2.255'] }]
    const set = { ...ours, name: 'x', type: 'ipv4_addr', flags: ['interval'], elem }
    const { rules, anomalies } = parseNftJson(listing([], [{ set }]))
    expect(anomalies).toEqual([])
    expect(rules.sets).toEqual([
      { name: 'x', type: 'ipv4-cidr', elements: ['10.0.0.0/23', '10.0.2.0/24'] },
    ])
  })
})

test.for(['', '{}', '[]', '{"nftables":[{"rule":{"family":"inet"}}]}', '{"nftables":[{"set":3}]}'])(
  'refuses %s',
  (text) => {
    expect(codeOf(() => parseNftJson(text))).toBe('save-invalid')
  },
)
