import fc from 'fast-check'
import { expect, test } from 'vitest'

import { parseRedirectSpec, plan, type RuleSet } from '../../src/index.ts'
import { anyPlan, anySpec } from '../support/arbitrary.ts'

const names = (rules: RuleSet, chain: string): readonly string[] =>
  rules.chains.find(({ name }) => name === chain)?.rules.map(({ name }) => name) ?? []

test('the rules of the defaults, in order', () => {
  const rules = plan(parseRedirectSpec({ families: ['ipv4'] }))
  expect(rules.sets).toEqual([])
  expect(Object.fromEntries(rules.chains.map(({ name }) => [name, names(rules, name)]))).toEqual({
    prerouting: ['to-inbound'],
    inbound: ['skip-tunnel-port', 'capture-inbound-rest'],
    'capture-inbound': ['redirect-inbound'],
    output: ['to-outbound'],
    outbound: [
      'skip-proxy-to-application-ipv4',
      'proxy-uid-to-itself-ipv4',
      'proxy-gid-to-itself-ipv4',
      'skip-application-to-itself',
      'skip-proxy-uid',
      'skip-proxy-gid',
      'skip-loopback-ipv4',
      'capture-outbound-rest',
    ],
    'capture-outbound': ['redirect-outbound'],
  })
})

test('is a function of the specification', () => {
  fc.assert(
    fc.property(anySpec, (spec) => {
      expect(plan(spec)).toEqual(plan(spec))
    }),
  )
})

test('every set and chain it refers to exists, and every one that exists is referred to', () => {
  fc.assert(
    fc.property(anyPlan, ({ sets, chains }) => {
      const rules = chains.flatMap((chain) => chain.rules)
      const used = rules.flatMap(({ match }) =>
        match.flatMap((one) => ('values' in one && 'set' in one.values ? [one.values.set] : [])),
      )
      expect(new Set(used)).toEqual(new Set(sets.map(({ name }) => name)))
      const targets = rules.flatMap(({ verdict }) =>
        verdict.kind === 'jump' ? [verdict.chain] : [],
      )
      const plain = chains.filter(({ hook }) => hook === undefined).map(({ name }) => name)
      const unused = plain.filter((name) => !targets.includes(name))
      expect(targets.filter((name) => !plain.includes(name))).toEqual([])
      // A proxy exempt by group alone, or an inbound side without ports, may leave this one unused.
      expect(unused.filter((name) => name !== 'capture-inbound')).toEqual([])
    }),
  )
})

test('names are unique within a chain and sets are sorted without duplicates', () => {
  fc.assert(
    fc.property(anyPlan, ({ sets, chains }) => {
      for (const { rules } of chains) {
        expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length)
      }
      for (const { elements } of sets) expect(new Set(elements).size).toBe(elements.length)
      expect(new Set(sets.map(({ name }) => name)).size).toBe(sets.length)
    }),
  )
})

test('several owners: all calls to itself are decided before any owner leaves', () => {
  const rules = plan(parseRedirectSpec({ proxyUids: [3, 4], proxyGids: [1, 2] }))
  const outbound = names(rules, 'outbound')
  const last = Math.max(...outbound.map((name, at) => (name.includes('-to-itself-') ? at : 0)))
  expect(outbound.indexOf('skip-application-to-itself')).toBeGreaterThan(last)
  expect(rules.sets).toEqual([
    { name: 'proxy_uids', type: 'uid', elements: [3, 4] },
    { name: 'proxy_gids', type: 'gid', elements: [1, 2] },
  ])
})

test('loopback addresses by name take the rule for the application itself away', () => {
  const with127 = plan(parseRedirectSpec({ includeOutboundCidrs: ['127.1.2.3/32'] }))
  expect(names(with127, 'outbound')).not.toContain('skip-application-to-itself')
  const withAll = plan(parseRedirectSpec({ includeOutboundCidrs: ['0.0.0.0/0'] }))
  expect(names(withAll, 'outbound')).toContain('skip-application-to-itself')
})
