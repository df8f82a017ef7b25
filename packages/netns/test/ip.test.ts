import { isIPv6 } from 'node:net'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { formatAddress, parseAddress, parseCidr } from '../src/ip.ts'

describe('addresses', () => {
  it.for([
    ['127.0.0.6', '127.0.0.6'],
    ['::', '::'],
    ['::6', '::6'],
    ['FE80:0:0:0:0:0:0:1', 'fe80::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['1::', '1::'],
    ['::ffff:10.1.2.3', '::ffff:10.1.2.3'],
    ['64:ff9b::10.1.2.3', '64:ff9b::a01:203'],
  ] as const)('writes %s as %s', ([text, canonical]) => {
    expect(formatAddress(parseAddress(text)!)).toBe(canonical)
  })

  it('keep every byte through text and back', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      // Mostly zeros: that is where text is cut short.
      fc
        .array(fc.constantFrom(0, 0, 0, 1), { minLength: 16, maxLength: 16 })
        .map((array) => Uint8Array.from(array)),
    )
    fc.assert(
      fc.property(bytes, (address) => {
        const text = formatAddress(address)
        expect(isIPv6(text)).toBe(address.length === 16)
        expect([...parseAddress(text)!]).toEqual([...address])
      }),
    )
  })

  it.for([
    '',
    '10.0.0.1',
    '10.0.0.1/33',
    '::1/129',
    '10.0.0.1/-1',
    '10.0.0.1/1e1',
    '::1/64/1',
    'fe80::1%eth0/64',
    'x/8',
    '10.0.0.1/ 8',
  ])('refuses %j as an address with a prefix length', (text) => {
    expect(() => parseCidr(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('reads an address with a prefix length', () => {
    expect(parseCidr('10.1.0.2/24')).toEqual({
      family: 'ipv4',
      address: Uint8Array.of(10, 1, 0, 2),
      prefixLength: 24,
    })
    expect(parseCidr('::6/128')).toMatchObject({ family: 'ipv6', prefixLength: 128 })
  })
})
