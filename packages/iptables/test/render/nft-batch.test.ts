import { describe, expect, test } from 'vitest'

import {
  IptablesError,
  type Match,
  parseRedirectSpec,
  plan,
  renderNftBatch,
  renderNftRemoval,
  type Rule,
  type RuleSet,
} from '../../src/index.ts'
import { readMessages } from '../../src/netlink/reader.ts'

const rules = plan(parseRedirectSpec({ families: ['ipv4'] }))

test('replaces the table in one transaction that asks for one acknowledgement', () => {
  const { messages, objects } = renderNftBatch(rules)
  const read = readMessages(messages)
  expect(read.slice(0, 4).map(({ type }) => type.toString(16))).toEqual(['10', 'a00', 'a02', 'a00'])
  const acknowledged = read.filter(({ flags }) => (flags & 4) !== 0)
  expect(acknowledged.map(({ sequence }) => sequence)).toEqual([read.length - 1])
  expect(objects.get(read.length - 1)).toMatch(/^rule nat_/)
})

test('removal is a transaction of two steps', () => {
  const read = readMessages(renderNftRemoval({ sequence: 5 }).messages)
  expect(read.map(({ type, sequence }) => `${sequence} ${type.toString(16)}`)).toEqual([
    '5 10',
    '6 a00',
    '7 a02',
    '8 11',
  ])
})

test('without counters it is smaller and says the same', () => {
  const size = (counters: boolean): number => renderNftBatch(rules, { counters }).messages.length
  expect(size(false)).toBeLessThan(size(true))
})

function withRule(change: Partial<Rule>): RuleSet {
  const rule: Rule = {
    name: 'x',
    families: ['ipv4'],
    match: [],
    verdict: { kind: 'return' },
    ...change,
  }
  return {
    families: ['ipv4'],
    sets: rules.sets,
    chains: [{ table: 'nat', name: 'inbound', rules: [rule] }],
  }
}

const tcp: Match = { kind: 'protocol', protocol: 'tcp' }

describe('refuses what it cannot say', () => {
  test.for<[string, Partial<Rule>, string]>([
    ['no family', { families: [] }, 'has no family'],
    [
      'an address in a rule for both families',
      {
        families: ['ipv4', 'ipv6'],
        match: [{ kind: 'source', values: ['10.0.0.0/8'], negate: false }],
      },
      'has an address and two families',
    ],
    [
      'a list without a set',
      { match: [tcp, { kind: 'destination-port', values: [1, 2], negate: false }] },
      'must be a named set',
    ],
    [
      'a set that is not there',
      { match: [tcp, { kind: 'destination-port', values: { set: 'none' }, negate: false }] },
      'refers to set none, which does not exist',
    ],
    ['an unknown verdict', { verdict: { kind: 'unknown', text: '-j DROP' } }, 'unknown verdict'],
    [
      'an unknown condition',
      { match: [{ kind: 'unknown', text: '-m mark' }] },
      'unknown condition',
    ],
    ['a name that nft could not show', { name: 'a"b' }, 'is not a name for a rule'],
  ])('%s', ([, change, text]) => {
    const render = (): unknown => renderNftBatch(withRule(change))
    expect(render).toThrow(text)
    expect(render).toThrow(IptablesError)
  })

  test('a set of another type', () => {
    const sets = [{ name: 'ids', type: 'uid' as const, elements: [1] }]
    const match: Match[] = [
      tcp,
      { kind: 'destination-port', values: { set: 'ids' }, negate: false },
    ]
    expect(() => renderNftBatch({ ...withRule({ match }), sets })).toThrow('cannot use set ids')
  })

  test('a set with an impossible name', () => {
    const sets = [{ name: 'a b', type: 'uid' as const, elements: [1] }]
    expect(() => renderNftBatch({ ...rules, sets })).toThrow('a b is not a name for a set')
  })
})

test('a large set is split over messages', () => {
  const many = plan(
    parseRedirectSpec({
      excludeOutboundCidrs: Array.from(
        { length: 2000 },
        (_, i) => `fd00:${i.toString(16)}:8000::/33`,
      ),
    }),
  )
  const types = readMessages(renderNftBatch(many).messages).map(({ type }) => type)
  expect(types.filter((type) => type === 0xa0c)).toHaveLength(4)
})
