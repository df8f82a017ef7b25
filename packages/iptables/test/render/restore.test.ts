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

/** Lines by the table that they are in. */
function tablesOf(text: string): ReadonlyMap<string, readonly string[]> {
  const parts = text.split(/^(?=\*)/m).map((part) => part.split('\n'))
  return new Map(
    parts.filter(([first]) => first !== '').map(([first = '', ...rest]) => [first, rest]),
  )
}

test('rendering over anything ends in the rules that are wanted', () => {
  fc.assert(
    fc.property(anyPlan, anyPlan, fc.constantFrom(...families), (before, after, family) => {
      const existing = parseSave(renderRestore(before, family), family)
      const text = tablesOf(renderRestore(after, family, existing))
      const kept = tablesOf(renderRestore(after, family))
      const there = new Map(existing.tables.map(({ table, chains }) => [`*${table}`, chains]))
      expect(new Set(text.keys())).toEqual(new Set([...kept.keys(), ...there.keys()]))
      for (const [table, lines] of text) {
        const made = (kept.get(table) ?? []).filter((line) => line.startsWith(':'))
        const stale = (there.get(table) ?? []).filter((name) => !made.includes(`:${name} - [0:0]`))
        const named = lines.filter((line) => line.startsWith(':'))
        expect(named).toEqual([...made, ...stale.map((name) => `:${name} - [0:0]`)])
        const deleted = lines.filter((line) => line.startsWith('-X'))
        expect(deleted).toEqual(stale.map((name) => `-X ${name}`))
      }
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
