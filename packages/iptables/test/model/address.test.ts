import fc from 'fast-check'
import { isIPv4, isIPv6 } from 'node:net'
import { describe, expect, test } from 'vitest'

import {
  addressBytes,
  addressOfBytes,
  formatAddress,
  parseAddress,
} from '../../src/model/address.ts'

const anyAddress = fc.oneof(
  fc.bigInt(0n, (1n << 32n) - 1n).map((value) => ({ family: 'ipv4' as const, value })),
  fc.bigInt(0n, (1n << 128n) - 1n).map((value) => ({ family: 'ipv6' as const, value })),
  // Mostly zeros: what `::` stands for.
  fc
    .array(fc.constantFrom<bigint[]>(0n, 0n, 0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.reduce((sum, group) => (sum << 16n) | group, 0n))
    .map((value) => ({ family: 'ipv6' as const, value })),
)

test('reads what it writes', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      expect(parseAddress(formatAddress(address))).toEqual(address)
      expect(addressOfBytes(address.family, addressBytes(address))).toEqual(address)
    }),
  )
})

test('reads every IPv4 and IPv6 address that Node knows, and nothing else', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/)), (text) => {
      const family = isIPv4(text) ? 'ipv4' : isIPv6(text) ? 'ipv6' : undefined
      expect(parseAddress(text)?.family).toBe(family)
    }),
    { numRuns: 2000 },
  )
})

test('reads the address that Node reads', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1)
      expect(parseAddress(canonical)).toEqual(parseAddress(text))
    }),
  )
})

describe('writes the shortest form of RFC 5952', () => {
  test.for([
    ['::', '::'],
    ['::6', '0:0:0:0:0:0:0:6'],
    ['fd00::', 'FD00:0000::0'],
    ['2001:db8::1:0:0:1', '2001:db8:0:0:1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8::1:1:1:1:1'],
    ['::7f00:35', '::127.0.0.53'],
    ['::ffff:a00:1', '::ffff:10.0.0.1'],
    ['10.0.0.1', '10.0.0.1'],
  ] as const)('%s', ([short, long]) => {
    expect(formatAddress(parseAddress(long)!)).toBe(short)
  })
})

test.for([
  '',
  '1',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  ':::',
  '1::2::3',
  'fe80::1%eth0',
  '::g',
  '1:2:3:4:5:6:7:8:9',
  '::1.2.3',
  '1.2.3.4::',
])('refuses %j', (text) => {
  expect(parseAddress(text)).toBeUndefined()
})
