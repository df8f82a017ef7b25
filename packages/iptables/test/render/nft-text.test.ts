import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type Match, renderNft, type Rule, type RuleSet } from '../../src/index.ts'
import { anyPlan } from '../support/arbitrary.ts'
import { planOf } from '../support/cases.ts'
import { codeOf } from '../support/code-of.ts'

const good: Rule = { name: 'it', families: ['ipv4'], match: [], verdict: { kind: 'return' } }

function withRule(rule: Partial<Rule>, sets: RuleSet['sets'] = []): RuleSet {
  const rules = [{ ...good, ...rule }]
  return { families: ['ipv4'], sets, chains: [{ table: 'nat', name: 'outbound', rules }] }
}

const line = (rule: Partial<Rule>): string =>
  renderNft(withRule(rule), { counters: false }).split('\n')[4]?.trim() ?? ''

test('no rules are no table', () => {
  const nothing: RuleSet = { families: [], sets: [], chains: [] }
  expect(renderNft(nothing)).toBe('add table inet proxy_sidecar\ndelete table inet proxy_sidecar\n')
  expect(renderNft(nothing, { over: 'nothing' })).toBe('')
})

test('a table that must be new is created, not added', () => {
  expect(renderNft(planOf('pod'), { over: 'nothing' })).toMatch(
    /^create table inet proxy_sidecar\n/,
  )
})

test('each rule counts unless told otherwise', () => {
  const rules = planOf('pod')
  const count = rules.chains.flatMap((chain) => chain.rules).length
  expect(renderNft(rules).match(/\bcounter /g)).toHaveLength(count)
  expect(renderNft(rules, { counters: false })).not.toMatch(/counter/)
})

test.for([
  [{ kind: 'protocol', protocol: 'udp' }, 'meta l4proto udp'],
  [{ kind: 'in-interface', values: ['eth0'], negate: false }, 'meta iifname "eth0"'],
  [{ kind: 'out-interface', values: ['lo'], negate: true }, 'meta oifname != "lo"'],
  [{ kind: 'source', values: ['10.0.0.0/8'], negate: false }, 'ip saddr 10.0.0.0/8'],
  [{ kind: 'destination', values: ['10.0.0.1/32'], negate: true }, 'ip daddr != 10.0.0.1/32'],
  [{ kind: 'source-port', values: [53], negate: false }, 'th sport 53'],
  [{ kind: 'destination-port', values: [53], negate: true }, 'th dport != 53'],
  [{ kind: 'owner-uid', values: [1337], negate: false }, 'meta skuid 1337'],
  [{ kind: 'owner-gid', values: [1337], negate: true }, 'meta skgid != 1337'],
  [{ kind: 'mark', values: [1337], negate: false }, 'meta mark 1337'],
  [{ kind: 'connection-mark', values: [1], negate: true }, 'ct mark != 1'],
  [
    { kind: 'connection-state', states: ['established', 'related'] },
    'ct state established,related',
  ],
  [{ kind: 'transparent-socket' }, 'socket transparent 1'],
] as const)('$0.kind', ([match, words]) => {
  expect(line({ match: [match] })).toBe(`meta nfproto ipv4 ${words} return comment "proxy/it"`)
})

describe('refuses', () => {
  const text: Match = { kind: 'unknown', text: 'x' }
  const inside = (match: Match): RuleSet => withRule({ match: [match] })
  const interfaces = (name: string): RuleSet =>
    inside({ kind: 'in-interface', values: [name], negate: false })
  test.for<[string, RuleSet]>([
    ['an unknown condition', inside(text)],
    ['an unknown verdict', withRule({ verdict: { kind: 'unknown', text: 'x' } })],
    ['a rule without a family', withRule({ families: [] })],
    ['a name that ends the comment', withRule({ name: 'a" drop' })],
    ['a set that is not there', inside({ kind: 'owner-uid', values: { set: 'x' }, negate: false })],
    ['a list', inside({ kind: 'owner-uid', values: [1, 2], negate: false })],
    ['nothing in a list', inside({ kind: 'owner-uid', values: [], negate: false })],
    ['a quote', interfaces('a"b')],
    ['an asterisk', interfaces('eth*')],
    ['half a number', inside({ kind: 'owner-uid', values: [1.5], negate: false })],
    ['a block of another family', inside({ kind: 'source', values: ['fd00::/8'], negate: false })],
    [
      'an address for two families',
      withRule({
        families: ['ipv4', 'ipv6'],
        match: [{ kind: 'source', values: ['10.0.0.0/8'], negate: false }],
      }),
    ],
    [
      'a set of another type',
      withRule({ match: [{ kind: 'owner-uid', values: { set: 'x' }, negate: false }] }, [
        { name: 'x', type: 'gid', elements: [1] },
      ]),
    ],
    ['a set with a name that ends it', withRule({}, [{ name: 'x }', type: 'gid', elements: [] }])],
  ])('%s', ([, rules]) => {
    expect(codeOf(() => renderNft(rules))).toBe('ruleset-invalid')
  })
})

test('a set without elements is written without', () => {
  const text = renderNft(withRule({}, [{ name: 'x', type: 'port', elements: [] }]))
  expect(text).toContain('\tset x {\n\t\ttype inet_service\n\t}')
})

test('any plan is one table, one line per rule', () => {
  fc.assert(
    fc.property(anyPlan, (rules) => {
      const text = renderNft(rules)
      const count = rules.chains.flatMap((chain) => chain.rules).length
      expect(text.match(/comment "proxy\//g)).toHaveLength(count)
      expect(text.match(/^\tset /gm) ?? []).toHaveLength(rules.sets.length)
    }),
  )
})
