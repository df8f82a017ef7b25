import fc from 'fast-check'
import { expect, test } from 'vitest'

import { forFamily, type Match, type Rule } from '../../src/index.ts'
import { ruleText } from '../../src/model/canonical.ts'
import { expandRule, joinRules } from '../../src/model/expand.ts'
import { anyPlan } from '../support/arbitrary.ts'

const rule = (match: readonly Match[]): Rule => ({
  name: 'rule',
  families: ['ipv4'],
  match,
  verdict: { kind: 'return' },
})

test('joins what it took apart', () => {
  fc.assert(
    fc.property(anyPlan, (plan) => {
      for (const { rules } of forFamily(plan, 'ipv4').chains) {
        for (const one of rules)
          expect(joinRules(expandRule(one)).map(ruleText)).toEqual([ruleText(one)])
      }
    }),
  )
})

test('takes two lists apart into every pair, and joins the pairs', () => {
  const both = rule([
    { kind: 'destination-port', values: [1, 2], negate: false },
    { kind: 'owner-uid', values: [3, 4, 5], negate: false },
  ])
  expect(expandRule(both)).toHaveLength(3)
  expect(joinRules(expandRule(both)).map(ruleText)).toEqual([ruleText(both)])
})

test('16 ports are two rules, 16 excluded ports are two conditions of one rule', () => {
  const values = Array.from({ length: 16 }, (_, index) => index + 1)
  expect(expandRule(rule([{ kind: 'destination-port', values, negate: false }]))).toHaveLength(2)
  const [excluded, ...more] = expandRule(rule([{ kind: 'destination-port', values, negate: true }]))
  expect(more).toEqual([])
  expect(excluded?.match).toHaveLength(2)
  expect(joinRules([excluded!]).map(ruleText)).toEqual([
    ruleText(rule([{ kind: 'destination-port', values, negate: true }])),
  ])
})

test('no value is no rule, and no excluded value is no condition', () => {
  expect(expandRule(rule([{ kind: 'destination', values: [], negate: false }]))).toEqual([])
  expect(expandRule(rule([{ kind: 'destination', values: [], negate: true }]))[0]?.match).toEqual(
    [],
  )
})

test('refuses what iptables cannot say', () => {
  const blocks = rule([{ kind: 'destination', values: ['10.0.0.0/8', '11.0.0.0/8'], negate: true }])
  expect(() => expandRule(blocks)).toThrow('cannot exclude several values at once')
  const set = rule([{ kind: 'destination', values: { set: 'x' }, negate: false }])
  expect(() => expandRule(set)).toThrow('set x was not written out')
})

test('does not join rules that differ in verdict or in two conditions', () => {
  const port = (value: number): Match => ({
    kind: 'destination-port',
    values: [value],
    negate: false,
  })
  const uid = (value: number): Match => ({ kind: 'owner-uid', values: [value], negate: false })
  const jump: Rule = { ...rule([port(2)]), verdict: { kind: 'jump', chain: 'inbound' } }
  expect(joinRules([rule([port(1)]), jump])).toHaveLength(2)
  expect(joinRules([rule([port(1), uid(1)]), rule([port(2), uid(2)])])).toHaveLength(2)
  expect(joinRules([rule([]), rule([])])).toHaveLength(2)
})
