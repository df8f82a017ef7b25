import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { aggregateCidrs } from '../../src/model/cidr.ts'
import { elementsOf, valuesOfElements } from '../../src/netlink/values.ts'
import { type SetType } from '../../src/index.ts'
import { cidrOfFamily } from '../support/arbitrary.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('intervals become ends and ends become intervals', () => {
  test.for(['ipv4', 'ipv6'] as const)('%s', (family) => {
    fc.assert(
      fc.property(
        fc.array(cidrOfFamily(family), { maxLength: 10 }),
        fc.boolean(),
        (blocks, flip) => {
          const elements = aggregateCidrs(family, blocks)
          const set = { name: 'set', type: `${family}-cidr` as const, elements }
          const written = elementsOf(set)
          // The kernel answers in an order of its own.
          const read = flip ? [...written].reverse() : written
          expect(valuesOfElements(set.type, read)).toEqual(elements)
        },
      ),
    )
  })
})

test('an interval has its first address and the one behind its last', () => {
  const set = { name: 'set', type: 'ipv4-cidr' as const, elements: ['10.0.0.0/8', '11.0.0.0/9'] }
  expect(elementsOf(set).map(({ key, isEnd }) => `${hex(key)} ${isEnd}`)).toEqual([
    '00000000 true',
    '0a000000 false',
    '0b000000 true',
    '0b000000 false',
    '0b800000 true',
  ])
})

test('an interval up to the last address has no end, and one from the first no gap before it', () => {
  const all = { name: 'set', type: 'ipv4-cidr' as const, elements: ['0.0.0.0/0'] }
  expect(elementsOf(all).map(({ key, isEnd }) => `${hex(key)} ${isEnd}`)).toEqual([
    '00000000 false',
  ])
})

test.for<[SetType, (string | number)[]]>([
  ['port', [1, 80, 65_535]],
  ['uid', [1, 1337, 4_294_967_294]],
  ['gid', [1000]],
  ['interface', ['a', 'abcdefghijklmno', 'eth0']],
])('%s values are read as written', ([type, elements]) => {
  expect(valuesOfElements(type, elementsOf({ name: 'set', type, elements }))).toEqual(elements)
})

test('refuses a block of the other family', () => {
  const set = { name: 'set', type: 'ipv4-cidr' as const, elements: ['fd00::/8'] }
  expect(() => elementsOf(set)).toThrow('set set cannot hold fd00::/8')
})
