import fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  families,
  parseRedirectSpec,
  parseSave,
  plan,
  renderRestore,
  type RuleSet,
} from '../../src/index.ts'
import { anyPlan } from '../support/arbitrary.ts'

const rules = plan(parseRedirectSpec({}))
const noRules: RuleSet = { families: [], sets: [], chains: [] }

test('nothing wanted and nothing there is nothing to do', () => {
  expect(renderRestore(noRules, 'ipv4')).toBe('')
})

test('removal flushes and deletes our chains and the jumps to them, and touches nothing else', () => {
  const text = [
    '*nat',
    ':OUTPUT ACCEPT [0:0]',
    ':MINE - [0:0]',
    ':PROXY_SC_OUTPUT - [0:0]',
    '-A OUTPUT -j MINE',
    '-A OUTPUT -m comment --comment "proxy/hook" -j PROXY_SC_OUTPUT',
    '-A MINE -j PROXY_SC_OUTPUT',
    'COMMIT',
  ].join('\n')
  expect(renderRestore(noRules, 'ipv4', parseSave(text, 'ipv4')).split('\n')).toEqual([
    '*nat',
    ':PROXY_SC_OUTPUT - [0:0]',
    '-D OUTPUT -m comment --comment "proxy/hook" -j PROXY_SC_OUTPUT',
    '-D MINE -j PROXY_SC_OUTPUT',
    '-X PROXY_SC_OUTPUT',
    'COMMIT',
    '',
  ])
})

test('a jump that is right keeps its place', () => {
  const saved = parseSave(renderRestore(rules, 'ipv4').replaceAll('"', ''), 'ipv4')
  const again = renderRestore(rules, 'ipv4', saved)
  expect(again).not.toMatch(/^-[AD] (PREROUTING|OUTPUT) /m)
  expect(again).toMatch(/^-A PROXY_SC_OUTPUT /m)
})

test('rendering over anything ends in the rules that are wanted', () => {
  fc.assert(
    fc.property(anyPlan, anyPlan, fc.constantFrom(...families), (before, after, family) => {
      const existing = parseSave(renderRestore(before, family), family)
      const text = renderRestore(after, family, existing)
      const kept = renderRestore(after, family)
      const stale = existing.tables
        .flatMap(({ chains }) => chains)
        .filter((chain) => !kept.includes(`:${chain} `))
      expect(text.match(/^-X .*$/gm) ?? []).toEqual(stale.map((chain) => `-X ${chain}`))
      expect(text.match(/^:.*$/gm) ?? []).toEqual([
        ...(kept.match(/^:.*$/gm) ?? []),
        ...stale.map((chain) => `:${chain} - [0:0]`),
      ])
    }),
  )
})

test('a name that would break the line is refused', () => {
  const evil: RuleSet = {
    ...rules,
    chains: rules.chains.map((chain) => ({
      ...chain,
      rules: chain.rules.map((rule) => ({ ...rule, name: 'x" -j ACCEPT\n-A OUTPUT' })),
    })),
  }
  expect(() => renderRestore(evil, 'ipv4')).toThrow('is not a name for a rule')
})
