import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  cniVersions,
  convertResult,
  createResult,
  encodeResult,
  parseNetConf,
  parsePrevResult,
  parseResult,
  passThrough,
} from '../src/index.ts'
import { anyResult } from './arbitraries.ts'

const confOf = (cniVersion: string | undefined, prevResult?: unknown): string =>
  JSON.stringify({ cniVersion, name: 'net', type: 'plugin', prevResult })

describe('parseResult', () => {
  test('reads what encodeResult wrote', () => {
    fc.assert(
      fc.property(anyResult, (result) => {
        expect(encodeResult(parseResult(encodeResult(result)))).toBe(encodeResult(result))
      }),
      { numRuns: 300 },
    )
  })

  test('takes the version it is told when the result has none, else 0.1.0', () => {
    expect(parseResult('{"ips":[]}', '0.4.0')).toEqual({ cniVersion: '0.4.0', ips: [] })
    expect(parseResult({ cniVersion: '', ips: [] }, '1.1.0')).toEqual({
      cniVersion: '1.1.0',
      ips: [],
    })
    expect(parseResult({ cniVersion: null }, '1.0.0')).toEqual({ cniVersion: '1.0.0' })
    expect(parseResult('{}')).toEqual({ cniVersion: '0.1.0' })
  })

  test('keeps what it does not know, to the last digit and in order', () => {
    const text =
      '{"zeta":12345678901234567890,"cniVersion":"1.1.0","alpha":{"b":1e400,"a":-0,"c":0.10000000000000000001},"ips":[{"x":null,"address":"10.0.0.1/8"}],"__proto__":{"x":1}}'
    expect(JSON.stringify(parseResult(text))).toBe(text)
  })

  test('reads known keys in any case and null as absent', () => {
    const value = {
      CNIVersion: '0.4.0',
      IPs: [{ Version: '4', Address: '10.0.0.1/8', Gateway: null }],
      Dns: { NameServers: ['1.1.1.1'], Unknown: null },
      routes: null,
    }
    expect(parseResult(value)).toEqual({
      cniVersion: '0.4.0',
      ips: [{ version: '4', address: '10.0.0.1/8' }],
      dns: { nameservers: ['1.1.1.1'], Unknown: null },
    })
  })

  const faults = [
    ['{{{', 'decode result: '],
    ['', 'decode result: unexpected end of JSON input'],
    ['[]', 'decode result: $: expected object'],
    ['null', 'decode result: $: expected object'],
    ['{"cniVersion":4}', 'decode result: $.cniVersion: expected string'],
    ['{"cniVersion":"2.0.0"}', 'unsupported CNI result version "2.0.0"'],
    [
      '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.1/8"},{"address":"10.0.0.1"}]}',
      'decode result: $.ips[1].address: expected an address with prefix length, such as 10.1.0.5/24',
    ],
    [
      '{"cniVersion":"1.1.0","ips":[{"gateway":"10.0.0.1"}]}',
      'decode result: $.ips[0].address: expected string, got nothing',
    ],
    [
      '{"cniVersion":"0.4.0","ips":[{"address":"::1/8","gateway":"here"}]}',
      'decode result: $.ips[0].gateway: expected an IP address',
    ],
    ['{"cniVersion":"1.1.0","ips":{}}', 'decode result: $.ips: expected array, got object'],
    [
      '{"cniVersion":"1.1.0","routes":[{"dst":"::/0","mtu":1.5}]}',
      'decode result: $.routes[0].mtu: expected integer, got number',
    ],
    [
      '{"cniVersion":"1.1.0","routes":[{"dst":"::/0","mtu":12345678901234567890}]}',
      'decode result: $.routes[0].mtu: expected number, got a number out of range',
    ],
    [
      '{"cniVersion":"0.2.0","ip4":{"ip":"fine"}}',
      'decode result: $.ip4.ip: expected an address with prefix length, such as 10.1.0.5/24',
    ],
    ['{"cniVersion":"1.1.0","dns":[]}', 'decode result: $.dns: expected object, got array'],
  ] as const

  test.for(faults)('%s: code 6', ([text, msg]) => {
    expect(() => parseResult(text)).toThrow(
      expect.objectContaining({
        code: 6,
        msg: expect.stringContaining(msg) as string,
      }),
    )
  })

  test('an empty gateway is none, as Go reads it', () => {
    const value = { cniVersion: '1.0.0', ips: [{ address: '10.0.0.1/8', gateway: '' }] }
    expect(parseResult(value)).toEqual(value)
  })
})

describe('parsePrevResult', () => {
  test('none', () => {
    expect(parsePrevResult(parseNetConf(confOf('1.0.0')))).toBeUndefined()
    expect(parsePrevResult(parseNetConf(confOf('1.0.0', null)))).toBeUndefined()
  })

  test('mixed versions of one family stay as they are written', () => {
    const conf = parseNetConf(confOf('0.4.0', { cniVersion: '0.3.1', ips: [] }))
    expect(parsePrevResult(conf)).toEqual({ cniVersion: '0.3.1', ips: [] })
  })

  test.for([undefined, '', null])('version %j is the configuration’s', (cniVersion) => {
    const conf = parseNetConf(confOf('1.1.0', { cniVersion, ips: [] }))
    expect(parsePrevResult(conf)).toEqual({ cniVersion: '1.1.0', ips: [] })
  })

  test('Go’s own spelling of the version counts', () => {
    const conf = parseNetConf(confOf('1.0.0', { CNIVersion: '1.1.0' }))
    expect(parsePrevResult(conf)).toEqual({ cniVersion: '1.1.0' })
  })

  const families = [
    ['1.0.0', '0.2.0', '[1.0.0 1.1.0]'],
    ['1.1.0', '0.4.0', '[1.0.0 1.1.0]'],
    ['0.4.0', '1.0.0', '[0.3.0 0.3.1 0.4.0]'],
    ['0.3.0', '0.1.0', '[0.3.0 0.3.1 0.4.0]'],
    ['0.2.0', '0.3.0', '[ 0.1.0 0.2.0]'],
    ['0.1.0', '9.9.9', '[ 0.1.0 0.2.0]'],
  ] as const

  test.for(families)('configuration %s, result %s', ([confVersion, resultVersion, list]) => {
    const conf = parseNetConf(confOf(confVersion, { cniVersion: resultVersion }))
    expect(() => parsePrevResult(conf)).toThrow(
      expect.objectContaining({
        code: 6,
        msg: `could not parse prevResult: result type supports ${list} but unmarshalled CNIVersion is "${resultVersion}"`,
      }),
    )
  })

  test('a configuration of an unknown version', () => {
    const conf = parseNetConf(confOf('4.3.2', {}))
    expect(() => parsePrevResult(conf)).toThrow(
      'could not parse prevResult: unsupported CNI result version "4.3.2"',
    )
  })

  test('other faults keep their path', () => {
    const conf = parseNetConf(confOf('1.0.0', { ips: [3] }))
    expect(() => parsePrevResult(conf)).toThrow(
      'could not parse prevResult: decode result: $.ips[0]: expected object, got number',
    )
  })
})

describe('passThrough', () => {
  test('changes nothing but the version', () => {
    const text =
      '{"name":"net","cniVersion":"0.4.0","prevResult":{"b":9007199254740993,"cniVersion":"0.3.1","ips":[],"a":[1.50],"dns":{}}}'
    expect(JSON.stringify(passThrough(parseNetConf(text)))).toBe(
      '{"b":9007199254740993,"cniVersion":"0.4.0","ips":[],"a":[1.5],"dns":{}}',
    )
  })

  test.for(cniVersions)('unchained, %s: empty and readable', (version) => {
    const dns = version.startsWith('0.') ? { dns: {} } : {}
    expect(passThrough(parseNetConf(confOf(version)))).toEqual({ cniVersion: version, ...dns })
  })

  test('unchained, of an unknown version', () => {
    expect(() => passThrough(parseNetConf(confOf('4.3.2')))).toThrow(
      'unsupported CNI result version "4.3.2"',
    )
  })
})

describe('createResult', () => {
  const parts = {
    interfaces: [{ name: 'eth0', mtu: 1450, sandbox: '/run/netns/x' }],
    ips: [{ interface: 0, address: '10.1.0.5/16', gateway: '10.1.0.1' }],
    routes: [{ dst: '0.0.0.0/0', table: 0 }],
  }

  test.for(cniVersions)('%s', async (version) => {
    await expect(`${encodeResult(createResult(parts, version))}\n`).toMatchFileSnapshot(
      `golden/created.${version}.json`,
    )
  })

  test('is of the newest version by default, without an empty dns', () => {
    expect(createResult({ dns: { search: [] } })).toEqual({ cniVersion: '1.1.0' })
    expect(createResult({ dns: { search: [] } }, '0.4.0')).toEqual({ cniVersion: '0.4.0', dns: {} })
    expect(createResult({ dns: { search: ['a'] } })).toEqual({
      cniVersion: '1.1.0',
      dns: { search: ['a'] },
    })
  })

  test('checks its parts', () => {
    expect(() => createResult({ ips: [{ address: '10.1.0.5' }] })).toThrow('$.ips[0].address')
    expect(() => createResult({}, '0.2.0')).toThrow('cannot convert: no valid IP addresses')
  })

  test('is typed by its version', () => {
    const old: string | undefined = createResult(parts, '0.2.0').ip4?.ip
    const newer: number | undefined = convertResult(createResult(parts), '1.0.0').interfaces?.[0]
      ?.mtu
    expect([old, newer]).toEqual(['10.1.0.5/16', 1450])
  })
})
