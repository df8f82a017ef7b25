import { describe, expect, test } from 'vitest'
import {
  netConfFor,
  type NetConfList,
  netConfListOf,
  parseNetConfList,
  runtimeConfigFor,
  withPluginFiles,
} from '../src/index.ts'

const parse = (fields: object): NetConfList =>
  parseNetConfList(JSON.stringify({ name: 'net', plugins: [{ type: 'bridge' }], ...fields }))

describe('parseNetConfList', () => {
  test('keeps the whole as it came', () => {
    const text =
      '{"zeta":1,"cniVersion":"0.4.0","name":"net","alpha":9007199254740993,"plugins":[{"type":"bridge","x":{"b":1,"a":2}},{"type":"proxy-cni"}]}'
    const list = parseNetConfList(text)
    expect(JSON.stringify(list.raw)).toBe(text)
    expect(list).toMatchObject({
      name: 'net',
      cniVersion: '0.4.0',
      disableCheck: false,
      disableGC: false,
      loadOnlyInlinedPlugins: false,
      plugins: [{ type: 'bridge', x: { b: 1, a: 2 } }, { type: 'proxy-cni' }],
    })
  })

  test.for([
    [{}, '0.1.0'],
    [{ cniVersion: '0.3.1' }, '0.3.1'],
    [{ cniVersion: '0.3.1', cniVersions: ['1.0.0', '0.4.0'] }, '1.0.0'],
    [{ cniVersion: '1.1.0', cniVersions: ['1.0.0', '0.4.0'] }, '1.1.0'],
    [{ cniVersion: '1.0.0', cniVersions: ['1.2.0', '2.0.0', '1.1.0'] }, '1.1.0'],
    [{ cniVersions: ['0.10.0', '0.4.0'] }, '0.10.0'],
    [{ cniVersion: '1.2.0', cniVersions: ['2.0.0'] }, '1.2.0'],
    [{ cniVersion: '1.2.0', cniVersions: ['0.4.0'] }, '0.4.0'],
    [{ cniVersion: '0.4.0', cniVersions: [] }, '0.4.0'],
    [{ cniVersions: [] }, '0.1.0'],
  ] as const)('version of %j is %s', ([fields, version]) => {
    expect(parse(fields).cniVersion).toBe(version)
  })

  test.for(['disableCheck', 'disableGC', 'loadOnlyInlinedPlugins'] as const)('%s', (key) => {
    for (const yes of [true, 'true', 'TRUE']) expect(parse({ [key]: yes })[key]).toBe(true)
    for (const no of [false, 'false', 'False']) expect(parse({ [key]: no })[key]).toBe(false)
    expect(() => parse({ [key]: 'yes' })).toThrow(`invalid value "yes" for ${key}`)
    expect(() => parse({ [key]: 1 })).toThrow(`invalid type for ${key}`)
  })

  test.for([
    ['{', 6, 'error parsing configuration list: '],
    ['[]', 6, 'expected object'],
    ['{}', 7, 'error parsing configuration list: no name'],
    ['{"name":1}', 6, 'invalid name type'],
    ['{"name":"a b"}', 7, 'invalid characters found in network name'],
    ['{"name":"n","cniVersion":1}', 6, 'invalid cniVersion type'],
    ['{"name":"n","cniVersions":"1.0.0"}', 6, 'invalid type for cniVersions'],
    ['{"name":"n","cniVersions":["1.0.0",1]}', 6, 'invalid type for cniVersions index 1'],
    ['{"name":"n","cniVersions":["x"]}', 6, 'failed to convert major version part "x"'],
    ['{"name":"n","plugins":{}}', 6, "invalid 'plugins' type"],
    ['{"name":"n","plugins":[]}', 7, 'no plugins in list'],
    [
      '{"name":"n","plugins":[{"type":"a"},{}]}',
      7,
      "failed to parse plugin config 1: error parsing configuration: missing 'type'",
    ],
    [
      '{"name":"n","plugins":[{"type":1}]}',
      6,
      'failed to parse plugin config 0: error parsing configuration: $.type: expected string, got number',
    ],
    ['{"name":"n","plugins":[3]}', 6, 'failed to parse plugin config 0'],
    [
      '{"name":"n","loadOnlyInlinedPlugins":true}',
      7,
      "`loadOnlyInlinedPlugins` is true, and no 'plugins' key",
    ],
  ] as const)('%s: code %i', ([text, code, msg]) => {
    expect(() => parseNetConfList(text)).toThrow(
      expect.objectContaining({ code, msg: expect.stringContaining(msg) as string }),
    )
  })
})

describe('entries in files', () => {
  const file = '{"type":"tuning","mtu":1400}'

  test('come last', () => {
    expect(withPluginFiles(parse({}), [file]).plugins.map(({ type }) => type)).toEqual([
      'bridge',
      'tuning',
    ])
  })

  test('may be all there is, but there must be one', () => {
    const list = parseNetConfList('{"name":"net"}')
    expect(list.plugins).toEqual([])
    expect(withPluginFiles(list, [file]).plugins).toEqual([{ type: 'tuning', mtu: 1400 }])
    expect(() => withPluginFiles(list, [])).toThrow(
      expect.objectContaining({ code: 7, msg: 'no plugin configs found' }),
    )
  })

  test('are left aside when the list says so', () => {
    const list = parse({ loadOnlyInlinedPlugins: true })
    expect(withPluginFiles(list, ['not even read']).plugins).toEqual([{ type: 'bridge' }])
  })

  test('are checked', () => {
    expect(() => withPluginFiles(parse({}), ['{'])).toThrow('error parsing configuration: ')
    expect(() => withPluginFiles(parse({}), ['{}'])).toThrow("missing 'type'")
  })
})

describe('netConfFor', () => {
  const list = parse({
    cniVersion: '1.1.0',
    plugins: [
      {
        cniVersion: '0.3.0',
        name: 'mine',
        type: 'x',
        capabilities: { dns: true, mac: false },
        k: 1,
      },
    ],
  })

  test('name and version are the list’s', () => {
    expect(netConfFor(list, list.plugins[0]!)).toEqual({
      cniVersion: '1.1.0',
      name: 'net',
      type: 'x',
      capabilities: { dns: true, mac: false },
      k: 1,
    })
  })

  test('what a runtime injects', () => {
    const conf = netConfFor(list, list.plugins[0]!, {
      prevResult: { cniVersion: '1.1.0' },
      capabilityArgs: { dns: { servers: [] }, mac: 'x', ips: [], constructor: 1 },
      validAttachments: [{ containerID: 'a', ifname: 'b' }],
    })
    expect(conf).toMatchObject({
      prevResult: { cniVersion: '1.1.0' },
      runtimeConfig: { dns: { servers: [] } },
      'cni.dev/valid-attachments': [{ containerID: 'a', ifname: 'b' }],
      'cni.dev/attachments': [{ containerID: 'a', ifname: 'b' }],
    })
    expect(Object.keys(conf.runtimeConfig!)).toEqual(['dns'])
  })

  test('nothing declared, nothing handed over', () => {
    expect(runtimeConfigFor({ type: 'x' }, { dns: {} })).toBeUndefined()
    expect(runtimeConfigFor({ capabilities: { dns: false } }, { dns: {} })).toBeUndefined()
  })
})

test('a single configuration becomes a list of one', () => {
  const list = netConfListOf({ name: 'net', cniVersion: '0.4.0', type: 'bridge', x: 1 })
  expect(list).toMatchObject({ name: 'net', cniVersion: '0.4.0' })
  expect(list.plugins).toEqual([{ name: 'net', cniVersion: '0.4.0', type: 'bridge', x: 1 }])
})
