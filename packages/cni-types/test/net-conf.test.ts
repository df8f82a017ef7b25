import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  capabilityOf,
  type NetConf,
  parseNetConf,
  parsePrevResult,
  validAttachmentsOf,
} from '../src/index.ts'
import { unknownKeys } from './arbitraries.ts'

const parse = (fields: object): NetConf =>
  parseNetConf(JSON.stringify({ cniVersion: '1.1.0', name: 'net', ...fields }))

describe('parseNetConf', () => {
  test('keeps everything, in order and to the last digit', () => {
    const text =
      '{"zeta":12345678901234567890,"name":"net","type":"p","cniVersion":"0.3.1","capabilities":{"dns":true},"ipam":{"type":"host-local","x":[null]},"alpha":{"__proto__":1}}'
    expect(JSON.stringify(parseNetConf(text))).toBe(text)
    expect(JSON.stringify(parseNetConf(new TextEncoder().encode(text)))).toBe(text)
  })

  test('unknown keys of any kind', () => {
    fc.assert(
      fc.property(unknownKeys, (unknown) => {
        const text = JSON.stringify({ cniVersion: '1.0.0', name: 'net', ...unknown })
        expect(JSON.stringify(parseNetConf(text))).toBe(text)
      }),
    )
  })

  test('keys that objects have by nature are keys like others', () => {
    const names = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toJSON', 'valueOf']
    const odd = Object.fromEntries(names.map((name) => [name, { a: 'b' }]))
    const text = JSON.stringify({
      cniVersion: '1.0.0',
      name: 'net',
      runtimeConfig: odd,
      prevResult: { ...odd, ips: [{ ...odd, address: '10.0.0.1/8' }] },
    })
    const conf = parseNetConf(text)
    expect(JSON.stringify(conf)).toBe(text)
    expect(JSON.stringify(parsePrevResult(conf)?.['prototype'])).toBe('{"a":"b"}')
  })

  test('takes a decoded object too', () => {
    expect(parseNetConf({ name: 'net', cniVersion: '1.0.0', x: 1 })).toEqual({
      name: 'net',
      cniVersion: '1.0.0',
      x: 1,
    })
  })

  test('no version is 0.1.0', () => {
    expect(parseNetConf('{"name":"net"}')).toEqual({ cniVersion: '0.1.0', name: 'net' })
    expect(parseNetConf('{"name":"net","cniVersion":""}').cniVersion).toBe('0.1.0')
    expect(parseNetConf('{"name":"net","cniVersion":null}').cniVersion).toBe('0.1.0')
  })

  test('keys in any case, and null is absent', () => {
    expect(
      parse({ DNS: { Search: ['a'] }, IPAM: { TYPE: 'x' }, capabilities: null, other: null }),
    ).toEqual({
      cniVersion: '1.1.0',
      name: 'net',
      dns: { search: ['a'] },
      ipam: { type: 'x' },
      other: null,
    })
  })

  test('the right spelling wins, the other stays what it is', () => {
    expect(parse({ Name: 'other' })).toMatchObject({ name: 'net', Name: 'other' })
  })

  test.for([
    ['', 6, 'error unmarshall network config: unexpected end of JSON input'],
    ['{"name":', 6, 'error unmarshall network config: '],
    ['\ufeff{"name":"net"}', 6, 'error unmarshall network config: '],
    ['[]', 6, 'error unmarshall network config: $: expected object'],
    ['7', 6, 'error unmarshall network config: $: expected object'],
    ['{"name":7}', 6, 'error unmarshall network config: $.name: expected string, got number'],
    [
      '{"name":"n","cniVersion":1}',
      6,
      'decoding version from network config: $.cniVersion: expected string, got number',
    ],
    ['{"name":"n","prevResult":[]}', 6, '$.prevResult: expected object, got array'],
    ['{"name":"n","runtimeConfig":"x"}', 6, '$.runtimeConfig: expected object, got string'],
    [
      '{"name":"n","capabilities":{"a.b":1}}',
      6,
      '$.capabilities["a.b"]: expected boolean, got number',
    ],
    [
      '{"name":"n","cni.dev/valid-attachments":[{"containerID":"a"}]}',
      6,
      '$["cni.dev/valid-attachments"][0].ifname: expected string, got nothing',
    ],
    ['{"name":"n","dns":{"search":"x"}}', 6, '$.dns.search: expected array, got string'],
    ['{}', 7, 'missing network name'],
    ['null', 7, 'missing network name'],
    ['{"name":""}', 7, 'missing network name'],
    ['{"name":"a/b"}', 7, 'invalid characters found in network name'],
  ] as const)('%s: code %i', ([text, code, msg]) => {
    expect(() => parseNetConf(text)).toThrow(
      expect.objectContaining({ code, msg: expect.stringContaining(msg) as string }),
    )
  })

  test('a byte order mark is no JSON, as for Go', () => {
    const bytes = new TextEncoder().encode('\ufeff{"name":"net"}')
    expect(() => parseNetConf(bytes)).toThrow(expect.objectContaining({ code: 6 }))
  })

  test('malformed UTF-8 is read as Go reads it', () => {
    const bytes = Uint8Array.of(
      ...new TextEncoder().encode('{"name":"net","x":"'),
      0xff,
      0x22,
      0x7d,
    )
    expect(parseNetConf(bytes)['x']).toBe('\ufffd')
  })

  test('nesting beyond the stack is an error of code 6', () => {
    const deep = `{"name":"net","n":1e1,"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
    expect(() => parseNetConf(deep)).toThrow(expect.objectContaining({ code: 6 }))
  })
})

describe('validAttachmentsOf', () => {
  const a = { containerID: 'a', ifname: 'eth0' }
  const b = { containerID: 'b', ifname: 'eth0' }

  test('absent is not empty', () => {
    expect(validAttachmentsOf(parse({}))).toBeUndefined()
    expect(validAttachmentsOf(parse({ 'cni.dev/valid-attachments': null }))).toBeUndefined()
    expect(validAttachmentsOf(parse({ 'cni.dev/valid-attachments': [] }))).toEqual([])
    expect(validAttachmentsOf(parse({ 'cni.dev/attachments': [] }))).toEqual([])
  })

  test('the newer spelling first', () => {
    const both = { 'cni.dev/attachments': [a], 'cni.dev/valid-attachments': [b] }
    expect(validAttachmentsOf(parse(both))).toEqual([b])
    expect(validAttachmentsOf(parse({ 'cni.dev/attachments': [a] }))).toEqual([a])
    const empty = { 'cni.dev/attachments': [a], 'cni.dev/valid-attachments': [] }
    expect(validAttachmentsOf(parse(empty))).toEqual([])
  })
})

describe('capabilityOf', () => {
  const conf = parse({
    runtimeConfig: {
      dns: { Servers: ['1.1.1.1'], Searches: ['a'], Options: null, other: 1 },
      portMappings: [{ HostPort: 80, ContainerPort: 8080, Protocol: 'tcp', HostIP: '' }],
      ipRanges: [[{ Subnet: '10.0.0.0/8' }]],
      cgroupPath: '/kubepods/pod1',
      'io.kubernetes.cri.pod-annotations': { 'a/b': 'c' },
      mac: 7,
      ips: null,
    },
  })

  test('keys of containerd 1.6', () => {
    expect(capabilityOf(conf, 'dns')).toEqual({ servers: ['1.1.1.1'], searches: ['a'], other: 1 })
    expect(capabilityOf(conf, 'portMappings')).toEqual([
      { hostPort: 80, containerPort: 8080, protocol: 'tcp', hostIP: '' },
    ])
    expect(capabilityOf(conf, 'ipRanges')).toEqual([[{ subnet: '10.0.0.0/8' }]])
  })

  test('others, and none', () => {
    expect(capabilityOf(conf, 'cgroupPath')).toBe('/kubepods/pod1')
    expect(capabilityOf(conf, 'io.kubernetes.cri.pod-annotations')).toEqual({ 'a/b': 'c' })
    expect(capabilityOf(conf, 'ips')).toBeUndefined()
    expect(capabilityOf(conf, 'aliases')).toBeUndefined()
    expect(capabilityOf(parse({}), 'dns')).toBeUndefined()
  })

  test('a fault is reported where it is, and only when it is asked for', () => {
    expect(() => capabilityOf(conf, 'mac')).toThrow(
      expect.objectContaining({
        code: 6,
        msg: 'read capability: $.runtimeConfig.mac: expected string, got number',
      }),
    )
    const annotations = parse({ runtimeConfig: { 'io.kubernetes.cri.pod-annotations': { a: 1 } } })
    expect(() => capabilityOf(annotations, 'io.kubernetes.cri.pod-annotations')).toThrow(
      '$.runtimeConfig["io.kubernetes.cri.pod-annotations"].a: expected string, got number',
    )
  })
})
