import fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  aggregateCidrs,
  cidrOf,
  cidrsOfRanges,
  covers,
  formatCidr,
  mergeRanges,
  overlaps,
  parseCidr,
  rangeOf,
} from '../../src/model/cidr.ts'
import { anyCidr, cidrOfFamily, contains } from '../support/arbitrary.ts'

test('reads what it writes', () => {
  fc.assert(
    fc.property(anyCidr, (text) => {
      expect(formatCidr(cidrOf(text))).toBe(text)
    }),
  )
})

test('says when bits behind the prefix are set', () => {
  expect(parseCidr('10.0.0.1/8')).toMatchObject({ hostBits: true, prefix: 8 })
  expect(parseCidr('10.0.0.0/8')).toMatchObject({ hostBits: false })
})

test.for([
  '10.0.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/08',
  '::/129',
  '/8',
  'x/8',
  '10.0.0.0/8/8',
])('refuses %j', (text) => {
  expect(parseCidr(text)).toBeUndefined()
  expect(() => cidrOf(text)).toThrow('not a CIDR')
})

test('covers is containment of ranges, overlaps is a common address', () => {
  fc.assert(
    fc.property(cidrOfFamily('ipv4'), cidrOfFamily('ipv4'), (a, b) => {
      const [x, y] = [rangeOf(cidrOf(a)), rangeOf(cidrOf(b))]
      expect(covers(cidrOf(a), cidrOf(b))).toBe(x.from <= y.from && x.to >= y.to)
      expect(overlaps(cidrOf(a), cidrOf(b))).toBe(x.from < y.to && y.from < x.to)
    }),
    { numRuns: 500 },
  )
  expect(covers(cidrOf('0.0.0.0/0'), cidrOf('::/0'))).toBe(false)
  expect(overlaps(cidrOf('0.0.0.0/0'), cidrOf('::/0'))).toBe(false)
})

test('aggregation keeps every address, has no two blocks that touch, and is stable', () => {
  const near = fc
    .tuple(fc.nat(255), fc.integer({ min: 24, max: 32 }))
    .map(([last, prefix]) => formatCidr({ ...parseCidr(`10.0.0.${last}/${prefix}`)! }))
  fc.assert(
    fc.property(fc.array(near, { maxLength: 20 }), (blocks) => {
      const joined = aggregateCidrs('ipv4', blocks)
      for (let last = 0; last < 256; last++) {
        const address = cidrOf(`10.0.0.${last}/32`).value
        const before = blocks.some((block) => contains(block, 'ipv4', address))
        const after = joined.filter((block) => contains(block, 'ipv4', address))
        expect(after.length).toBe(before ? 1 : 0)
      }
      expect(aggregateCidrs('ipv4', joined)).toEqual(joined)
      expect(joined.length).toBeLessThanOrEqual(new Set(blocks).size)
    }),
  )
})

test('aggregation takes the blocks of one family', () => {
  expect(aggregateCidrs('ipv6', ['10.0.0.0/8', 'fd00::/9', 'fd80::/9'])).toEqual(['fd00::/8'])
  expect(aggregateCidrs('ipv4', ['0.0.0.0/1', '128.0.0.0/1'])).toEqual(['0.0.0.0/0'])
})

test('ranges become blocks and blocks become the same ranges', () => {
  const range = fc
    .tuple(fc.bigInt(0n, 1n << 32n), fc.bigInt(0n, 1n << 32n))
    .map(([a, b]) => ({ from: a < b ? a : b, to: a < b ? b : a }))
    .filter(({ from, to }) => from < to)
  fc.assert(
    fc.property(fc.array(range, { maxLength: 5 }), (ranges) => {
      const blocks = cidrsOfRanges('ipv4', ranges)
      expect(mergeRanges(blocks.map((block) => rangeOf(block)))).toEqual(mergeRanges(ranges))
    }),
  )
})
