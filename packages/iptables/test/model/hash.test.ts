import fc from 'fast-check'
import { expect, test } from 'vitest'

import { parseRedirectSpec, plan, ruleSetHash } from '../../src/index.ts'
import { anyPlan } from '../support/arbitrary.ts'

test('does not depend on the order of sets, chains and conditions', () => {
  fc.assert(
    fc.property(anyPlan, (rules) => {
      const shuffled = {
        ...rules,
        families: [...rules.families].reverse(),
        sets: [...rules.sets].reverse(),
        chains: [...rules.chains].reverse().map((chain) => ({
          ...chain,
          rules: chain.rules.map((rule) => ({ ...rule, match: [...rule.match].reverse() })),
        })),
      }
      expect(ruleSetHash(shuffled)).toBe(ruleSetHash(rules))
    }),
  )
})

test('depends on everything else', () => {
  const inputs = [
    {},
    { inboundPort: 15_007 },
    { families: ['ipv4'] },
    { excludeInboundPorts: [80] },
    { excludeInboundPorts: [81] },
    { proxyUids: [1338] },
    { excludeInterfaces: ['net1'] },
  ]
  const hashes = inputs.map((input) => ruleSetHash(plan(parseRedirectSpec(input))))
  expect(new Set(hashes).size).toBe(inputs.length)
  expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/)
})

test('depends on the order of rules', () => {
  const rules = plan(parseRedirectSpec({}))
  const chains = rules.chains.map((chain) => ({ ...chain, rules: [...chain.rules].reverse() }))
  expect(ruleSetHash({ ...rules, chains })).not.toBe(ruleSetHash(rules))
})
