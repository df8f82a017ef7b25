import fc from 'fast-check'
import { expect, test } from 'vitest'

import { diffRules, parseRedirectSpec, plan, type Rule, type RuleSet } from '../../src/index.ts'
import { anyPlan } from '../support/arbitrary.ts'

const rules = plan(parseRedirectSpec({ families: ['ipv4'], excludeInboundPorts: [80] }))

function withRules(chain: string, change: (list: readonly Rule[]) => readonly Rule[]): RuleSet {
  const chains = rules.chains.map((one) =>
    one.name === chain ? { ...one, rules: change(one.rules) } : one,
  )
  return { ...rules, chains }
}

test('nothing differs from itself', () => {
  fc.assert(
    fc.property(anyPlan, (plan) => {
      expect(diffRules(plan, plan)).toEqual([])
    }),
  )
})

test('what is missing one way is extra the other way', () => {
  fc.assert(
    fc.property(anyPlan, anyPlan, (a, b) => {
      const count = (kind: string, list: readonly { kind: string }[]): number =>
        list.filter((one) => one.kind === kind).length
      const [there, back] = [diffRules(a, b), diffRules(b, a)]
      for (const [one, other] of [
        ['missing', 'extra'],
        ['extra', 'missing'],
        ['changed', 'changed'],
        ['reordered', 'reordered'],
      ] as const) {
        expect(count(one, there)).toBe(count(other, back))
      }
    }),
  )
})

test('says what should be and what is', () => {
  const changed = withRules('capture-inbound', ([first]) => [
    { ...first!, verdict: { kind: 'redirect', port: 1 } },
  ])
  expect(diffRules(rules, changed)).toEqual([
    {
      kind: 'changed',
      object: 'rule',
      chain: 'nat capture-inbound',
      name: 'redirect-inbound',
      expected: 'ipv4: tcp: redirect to port 15006',
      actual: 'ipv4: tcp: redirect to port 1',
    },
  ])
})

test('a rule that moved is one difference, not one for each that it passed', () => {
  const moved = withRules('outbound', ([first, ...rest]) => [...rest, first!])
  expect(diffRules(rules, moved)).toEqual([
    {
      kind: 'reordered',
      object: 'rule',
      chain: 'nat outbound',
      name: 'skip-proxy-to-application-ipv4',
      expected: 'place 1 of 8',
      actual: 'place 8 of 8',
    },
  ])
})

test('a second rule of the same name is extra', () => {
  const twice = withRules('inbound', (list) => [...list, list[0]!])
  expect(diffRules(rules, twice)).toMatchObject([{ kind: 'extra', name: 'skip-tunnel-port' }])
})

test('another hook, another set', () => {
  const chains = rules.chains.map(({ table, name, rules: list }) => ({ table, name, rules: list }))
  expect(diffRules(rules, { ...rules, chains })).toMatchObject([
    { kind: 'missing', object: 'hook', name: 'nat prerouting', expected: 'prerouting' },
    { kind: 'missing', object: 'hook', name: 'nat output', expected: 'output' },
  ])
  const sets = rules.sets.map((set) => ({ ...set, elements: [81] }))
  expect(diffRules(rules, { ...rules, sets })).toEqual([
    {
      kind: 'changed',
      object: 'set',
      name: 'exclude_inbound_ports',
      expected: 'port 80',
      actual: 'port 81',
    },
  ])
})
