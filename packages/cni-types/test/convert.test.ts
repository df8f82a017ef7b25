import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CniResult,
  type CniVersion,
  cniVersions,
  convertResult,
  encodeResult,
  isEmptyDns,
  parseResult,
} from '../src/index.ts'
import { anyResult, anyVersion, families } from './arbitraries.ts'

const runs = { numRuns: 300 }

/** JSON does not tell a missing key from an undefined one, and holds own keys only. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function holdsAddress(result: CniResult): boolean {
  const { ip4, ip6, ips } = result as Record<string, unknown>
  return (
    ip4 !== undefined || ip6 !== undefined || (Array.isArray(ips) && (ips as unknown[]).length > 0)
  )
}

/** Whether the result has what the version asks for. */
const isExpressible = (result: CniResult, version: string): boolean =>
  !isOld(version) || isOld(result.cniVersion) || holdsAddress(result)

const isOld = (version: string): boolean => version === '0.1.0' || version === '0.2.0'

describe('for every result', () => {
  test('the same version is the same object', () => {
    fc.assert(
      fc.property(anyResult, (result) => {
        expect(convertResult(result, result.cniVersion)).toBe(result)
      }),
      runs,
    )
  })

  test('every version can be asked for, and holds to its schema', () => {
    fc.assert(
      fc.property(anyResult, anyVersion, (result, version) => {
        fc.pre(isExpressible(result, version))
        const converted = convertResult(result, version)
        expect(converted.cniVersion).toBe(version)
        expect(plain(parseResult(encodeResult(converted), version))).toEqual(plain(converted))
      }),
      runs,
    )
  })

  test('without an address there is no 0.1.0 and no 0.2.0', () => {
    fc.assert(
      fc.property(anyResult, fc.constantFrom('0.1.0', '0.2.0'), (result, version) => {
        fc.pre(!isExpressible(result, version))
        expect(() => convertResult(result, version)).toThrow(
          'cannot convert: no valid IP addresses',
        )
      }),
      runs,
    )
  })

  test('input is left alone', () => {
    fc.assert(
      fc.property(anyResult, anyVersion, (result, version) => {
        fc.pre(isExpressible(result, version))
        const before = JSON.stringify(result)
        convertResult(result, version)
        expect(JSON.stringify(result)).toBe(before)
      }),
      runs,
    )
  })

  test('keys that no version knows go along at the top', () => {
    fc.assert(
      fc.property(anyResult, anyVersion, fc.jsonValue(), (result, version, value) => {
        fc.pre(isExpressible(result, version))
        const converted = convertResult({ ...result, 'x-kept': value }, version)
        expect(plain(converted['x-kept'])).toEqual(plain(value))
      }),
      runs,
    )
  })

  test('a conversion leaves dns always before 1.0.0, and never an empty one afterwards', () => {
    fc.assert(
      fc.property(anyResult, anyVersion, (result, version) => {
        fc.pre(isExpressible(result, version))
        fc.pre(version.startsWith('0.') !== result.cniVersion.startsWith('0.'))
        const { dns } = convertResult(result, version)
        const holds = version.startsWith('0.')
          ? dns !== undefined
          : dns === undefined || !isEmptyDns(dns)
        expect(holds).toBe(true)
      }),
      runs,
    )
  })
})

describe('round trips', () => {
  const up = fc.constantFrom<CniVersion>('0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0')

  test('0.1 and 0.2 through anything newer', () => {
    fc.assert(
      fc.property(families['0.2.0'], up, (result, version) => {
        const original = result as CniResult
        fc.pre(holdsAddress(original))
        const back = convertResult(convertResult(original, version), original.cniVersion)
        expect(withoutEmptyDns(back)).toEqual(withoutEmptyDns(original))
      }),
      runs,
    )
  })

  test('0.3 and 0.4 through 1.x', () => {
    fc.assert(
      fc.property(families['0.4.0'], fc.constantFrom('1.0.0', '1.1.0'), (result, version) => {
        const original = result as CniResult
        const back = convertResult(convertResult(original, version), original.cniVersion)
        expect(withoutEmptyDns(back)).toEqual(withoutEmptyDns(original))
      }),
      runs,
    )
  })

  test('1.x through 0.3 and 0.4 loses the three keys that only 1.1 has for interfaces', () => {
    fc.assert(
      fc.property(
        families['1.1.0'],
        fc.constantFrom('0.3.0', '0.3.1', '0.4.0'),
        (result, version) => {
          const original = result as CniResult
          const back = convertResult(convertResult(original, version), original.cniVersion)
          const expected = plain(withoutEmptyDns(original)) as {
            interfaces?: Record<string, unknown>[]
          }
          for (const entry of expected.interfaces ?? []) {
            delete entry['mtu']
            delete entry['socketPath']
            delete entry['pciID']
          }
          expect(withoutEmptyDns(back)).toEqual(expected)
        },
      ),
      runs,
    )
  })

  function withoutEmptyDns(result: CniResult): unknown {
    const { dns, ...others } = plain(result) as CniResult
    return isEmptyDns(dns) ? others : { ...others, dns }
  }
})

const v02 = {
  cniVersion: '0.2.0' as const,
  ip4: {
    ip: '1.2.3.30/24',
    gateway: '1.2.3.1',
    routes: [{ dst: '15.5.6.0/24', gw: '15.5.6.8' }],
  },
  ip6: {
    ip: 'abcd:1234:ffff::cdde/64',
    gateway: 'abcd:1234:ffff::1',
    routes: [{ dst: '1111:dddd::/80', gw: '1111:dddd::aaaa' }],
  },
  dns: {
    nameservers: ['1.2.3.4', '1::cafe'],
    domain: 'acompany.com',
    search: ['somedomain.com', 'otherdomain.net'],
    options: ['foo', 'bar'],
  },
}

const v04 = {
  cniVersion: '0.4.0' as const,
  ips: [
    { version: '4', address: '1.2.3.30/24', gateway: '1.2.3.1' },
    { version: '6', address: 'abcd:1234:ffff::cdde/64', gateway: 'abcd:1234:ffff::1' },
  ],
  routes: [
    { dst: '15.5.6.0/24', gw: '15.5.6.8' },
    { dst: '1111:dddd::/80', gw: '1111:dddd::aaaa' },
  ],
  dns: v02.dns,
}

const v11 = {
  cniVersion: '1.1.0' as const,
  interfaces: [
    {
      name: 'eth0',
      mac: '00:11:22:33:44:55',
      mtu: 1500,
      sandbox: '/proc/3553/ns/net',
      pciID: '8086:9a01',
      socketPath: '/path/to/vhost/fd',
    },
  ],
  ips: [
    { interface: 0, address: '1.2.3.30/24', gateway: '1.2.3.1' },
    { interface: 0, address: 'abcd:1234:ffff::cdde/64', gateway: 'abcd:1234:ffff::1' },
    { interface: 0, address: '9.9.9.9/32' },
    { address: '::ffff:10.0.0.1/120' },
  ],
  routes: [
    {
      dst: '15.5.6.0/24',
      gw: '15.5.6.8',
      mtu: 1300,
      advmss: 1200,
      priority: 1,
      table: 0,
      scope: 0,
    },
    { dst: '1111:dddd::/80', gw: '1111:dddd::aaaa' },
  ],
  dns: v02.dns,
}

describe('tables', () => {
  test.for(cniVersions)('0.2.0 to %s', (version) => {
    const expected = isOld(version)
      ? { ...v02, cniVersion: version }
      : version.startsWith('0.')
        ? { ...v04, cniVersion: version }
        : {
            ...v04,
            cniVersion: version,
            ips: v04.ips.map(({ address, gateway }) => ({ address, gateway })),
          }
    expect(convertResult(v02, version)).toEqual(expected)
  })

  test.for(['0.3.0', '0.3.1', '0.4.0'] as const)('1.1.0 to %s', (version) => {
    expect(convertResult(v11, version)).toEqual({
      ...v11,
      cniVersion: version,
      interfaces: [{ name: 'eth0', mac: '00:11:22:33:44:55', sandbox: '/proc/3553/ns/net' }],
      ips: [
        { version: '4', ...v11.ips[0] },
        { version: '6', ...v11.ips[1] },
        { version: '4', ...v11.ips[2] },
        { version: '4', ...v11.ips[3] },
      ],
    })
  })

  test.for(['0.1.0', '0.2.0'] as const)(
    '1.1.0 to %s: first of each family, dst and gw',
    (version) => {
      expect(convertResult(v11, version)).toEqual({ ...v02, cniVersion: version })
    },
  )

  test('without gateways', () => {
    const plainResult = { cniVersion: '0.2.0' as const, ip4: { ip: '1.2.3.30/24' }, dns: {} }
    const newer = convertResult(plainResult, '0.4.0')
    expect(newer).toEqual({
      cniVersion: '0.4.0',
      ips: [{ version: '4', address: '1.2.3.30/24' }],
      dns: {},
    })
    expect(convertResult(newer, '0.2.0')).toEqual(plainResult)
  })

  test('routes of a family without an address are dropped on the way to 0.2.0', () => {
    const { ips, ...others } = v04
    expect(convertResult({ ...others, ips: ips.slice(0, 1) }, '0.2.0')).toEqual({
      cniVersion: '0.2.0',
      ip4: v02.ip4,
      dns: v02.dns,
    })
  })

  test('index 0 stays, an absent index stays absent', () => {
    const { ips } = convertResult(v11, '0.4.0')
    expect(ips?.[0]).toHaveProperty('interface', 0)
    expect(ips?.[3]).not.toHaveProperty('interface')
  })

  test('an address of no declared version is what it looks like; of a strange one it is none', () => {
    const of = (version?: string): CniResult => ({
      cniVersion: '0.4.0',
      ips: [{ ...(version === undefined ? {} : { version }), address: '10.0.0.1/8' }],
    })
    expect(convertResult(of(), '0.2.0').ip4?.ip).toBe('10.0.0.1/8')
    expect(convertResult(of(''), '0.2.0').ip4?.ip).toBe('10.0.0.1/8')
    expect(() => convertResult(of('5'), '0.2.0')).toThrow('cannot convert: no valid IP addresses')
  })

  test('a key that the target knows and the source does not is not taken over unchecked', () => {
    const old = { ...v02, ips: 'no list', interfaces: 7, routes: {} }
    expect(convertResult(old, '1.1.0')).toEqual(convertResult(v02, '1.1.0'))
    const newer = { ...v04, interfaces: [{ name: 'a', mtu: 'huge' }], ip6: 3 }
    expect(convertResult(newer, '1.1.0').interfaces).toEqual([{ name: 'a' }])
    expect(convertResult(newer, '0.2.0')).toEqual(v02)
  })

  test('an empty dns goes at 1.0.0 and comes back before it', () => {
    expect(convertResult({ cniVersion: '0.4.0', dns: {} }, '1.0.0')).toEqual({
      cniVersion: '1.0.0',
    })
    const dns = { search: [], 'x-vendor': '' }
    expect(convertResult({ cniVersion: '0.4.0', dns }, '1.0.0')).toHaveProperty('dns', dns)
    expect(convertResult({ cniVersion: '1.0.0' }, '0.4.0')).toHaveProperty('dns', {})
    expect(convertResult({ cniVersion: '0.3.1' }, '0.4.0')).toHaveProperty('dns', {})
    const old = { cniVersion: '0.1.0' as const, ip4: { ip: '10.0.0.1/8' } }
    expect(convertResult(old, '0.3.0')).toHaveProperty('dns', {})
  })

  test('the version of an address is its own, whatever a 1.x result has there', () => {
    const result = { cniVersion: '1.0.0' as const, ips: [{ version: 6, address: '10.0.0.1/8' }] }
    expect(convertResult(result, '0.4.0').ips).toEqual([{ version: '4', address: '10.0.0.1/8' }])
  })

  test('key order stays', () => {
    const text = '{"z":1,"ips":[{"address":"10.0.0.1/8","q":1}],"a":2,"cniVersion":"1.1.0","b":3}'
    expect(JSON.stringify(convertResult(parseResult(text), '1.0.0'))).toBe(
      text.replace('1.1.0', '1.0.0'),
    )
    expect(JSON.stringify(convertResult(parseResult(text), '0.4.0'))).toBe(
      '{"z":1,"ips":[{"version":"4","address":"10.0.0.1/8","q":1}],"a":2,"cniVersion":"0.4.0","b":3,"dns":{}}',
    )
  })

  test('no version and unknown versions', () => {
    expect(convertResult(v04, '').cniVersion).toBe('0.1.0')
    expect(() => convertResult(v04, '9.0.0')).toThrow(
      'no converter for CNI result version 0.4.0 to 9.0.0',
    )
    const strange = { cniVersion: '4.3.2' } as unknown as CniResult
    expect(() => convertResult(strange, '1.0.0')).toThrow(
      'no converter for CNI result version 4.3.2 to 1.0.0',
    )
    expect(convertResult(strange, '4.3.2')).toBe(strange)
  })

  test('code 1', () => {
    expect(() => convertResult({ cniVersion: '1.0.0' }, '0.2.0')).toThrow(
      expect.objectContaining({ code: 1 }),
    )
  })
})
