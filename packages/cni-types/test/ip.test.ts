import { isIP } from 'node:net'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCidr, formatIp, ipVersionOf, parseCidr, parseIp } from '../src/index.ts'
import { cidr, ipv4, ipv6 } from './arbitraries.ts'

describe('addresses', () => {
  test('parse reads what format wrote', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (address) => {
        expect(parseIp(formatIp(address))).toEqual(address)
      }),
      { numRuns: 1000 },
    )
  })

  test('format writes what the platform writes', () => {
    fc.assert(
      fc.property(ipv6, (address) => {
        const groups = Array.from({ length: 8 }, (_, i) =>
          ((address.bytes[2 * i]! << 8) | address.bytes[2 * i + 1]!).toString(16),
        )
        const usual = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
        // The platform has no dotted form.
        fc.pre(ipVersionOf(address) === '6')
        expect(formatIp(address)).toBe(usual)
      }),
      { numRuns: 1000 },
    )
  })

  test('agrees with the platform on what is an address', () => {
    const text = fc.oneof(
      fc.stringMatching(/^[0-9a-fA-F:.]{0,24}$/),
      fc
        .array(fc.constantFrom('0', 'ff', ':', '::', '1.2.3.4', '256', '01', '.', 'g'), {
          maxLength: 12,
        })
        .map((parts) => parts.join('')),
      fc.ipV6(),
      fc.ipV4(),
    )
    fc.assert(
      fc.property(text, (candidate) => {
        expect(parseIp(candidate) !== undefined).toBe(isIP(candidate) !== 0)
      }),
      { numRuns: 5000 },
    )
  })

  test.for([
    '',
    '1.2.3',
    '01.2.3.4',
    '1.2.3.4.5',
    '1.2.3.256',
    ' 1.2.3.4',
    '::1%eth0',
    '1::2::3',
    ':1',
    '1:',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '::1.2.3',
    '1.2.3.4::',
    '::12345',
    'text',
  ])('%j is none', (text) => {
    expect(parseIp(text)).toBeUndefined()
  })
})

describe('CIDRs', () => {
  test('parse reads what format wrote', () => {
    fc.assert(
      fc.property(cidr, (text) => {
        expect(formatCidr(parseCidr(text)!)).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  test('bits behind the prefix stay', () => {
    expect(parseCidr('1.2.3.30/24')).toEqual({
      form: 'ipv4',
      bytes: Uint8Array.of(1, 2, 3, 30),
      prefixLength: 24,
    })
  })

  test.for([
    '1.2.3.4',
    '1.2.3.4/',
    '1.2.3.4/33',
    '1.2.3.4/-1',
    '1.2.3.4/8/8',
    '::/129',
    '/8',
    'x/8',
    '1.2.3.4/ 8',
    '1.2.3.4/1e1',
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined()
  })
})

test.for([
  ['10.0.0.1', '4'],
  ['::ffff:10.0.0.1', '4'],
  ['::ffff:0a00:1', '4'],
  ['::10.0.0.1', '6'],
  ['fe80::1', '6'],
] as const)('%s counts as %s', ([text, version]) => {
  expect(ipVersionOf(parseIp(text)!)).toBe(version)
})
