import { existsSync } from 'node:fs'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createNetwork, networkName, type TestNetwork } from './network.ts'

const versions = ['0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const

let network: TestNetwork

beforeEach(async () => {
  network = await createNetwork()
})

afterEach(async () => {
  await network[Symbol.asyncDispose]()
})

const bridge = {
  type: 'bridge',
  bridge: 'pxt-br0',
  isGateway: true,
  ipam: { type: 'host-local', subnet: '10.77.0.0/24', routes: [{ dst: '0.0.0.0/0' }] },
}

/** What the plugin before ours answers where Debian's plugins do not know the version. */
const firstResult = {
  cniVersion: '1.1.0',
  vendor: { big: 12345, list: [null] },
  interfaces: [{ name: 'eth0', mtu: 1450, sandbox: '/run/netns/x' }],
  ips: [{ interface: 0, address: '10.77.0.2/24', gateway: '10.77.0.1' }],
  routes: [{ dst: '0.0.0.0/0' }],
}

/** A chain that ends with our plugin. Debian's bridge is of 1.0.0 and refuses 1.1.0. */
async function chain(version: string, fields: object = {}): Promise<void> {
  await network.install('pxt-last', {})
  await network.install('pxt-first', { result: firstResult })
  const first = version === '1.1.0' ? { type: 'pxt-first' } : bridge
  const last = {
    type: 'pxt-last',
    capabilities: { portMappings: true, 'io.kubernetes.cri.pod-annotations': true },
    own: { z: 1, a: 2 },
  }
  await network.configure(version, [first, last], fields)
}

async function succeed(verb: string, env?: Record<string, string>): Promise<string> {
  const { exitCode, stdout, stderr } = await network.cnitool(verb, env)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout
}

describe.each(versions)('libcni with a list of %s', (version) => {
  beforeEach(() => chain(version))

  test('add: the chain’s result comes back in the list’s version, and is cached', async () => {
    const result = JSON.parse(
      await succeed('add', {
        CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web',
        CNI_IFNAME: 'net0',
        CAP_ARGS: JSON.stringify({
          'io.kubernetes.cri.pod-annotations': { 'a/b': 'c' },
          mac: 'not declared',
        }),
      }),
    ) as Record<string, unknown>
    expect(result).toMatchObject({
      cniVersion: version,
      ips: [{ address: '10.77.0.2/24', gateway: '10.77.0.1' }],
    })

    const call = (await network.calls()).find(({ plugin }) => plugin === 'pxt-last')
    expect(call).toMatchObject({
      command: 'ADD',
      containerId: expect.stringMatching(/^cnitool-[0-9a-f]{20}$/) as string,
      netns: network.pod.path,
      ifname: 'net0',
      args: 'IgnoreUnknown=1;K8S_POD_NAME=web',
      conf: {
        cniVersion: version,
        name: networkName,
        own: { z: 1, a: 2 },
        // libcni leaves the declaration in.
        capabilities: { portMappings: true },
        runtimeConfig: { 'io.kubernetes.cri.pod-annotations': { 'a/b': 'c' } },
      },
    })
    expect(Object.keys(call!.conf['runtimeConfig'] as object)).toEqual([
      'io.kubernetes.cri.pod-annotations',
    ])
    expect(call!.conf['prevResult']).toMatchObject({ cniVersion: version })

    const cached = await network.cached()
    const file = `${networkName}-${call!.containerId}-net0`
    expect(Object.keys(cached)).toEqual([file])
    expect(cached[file]).toMatchObject({ kind: 'cniCacheV1', networkName, result })
  })

  test('check: with the previous result from 0.4.0 on, refused before', async () => {
    const added = JSON.parse(await succeed('add')) as unknown
    await network.calls()
    const { exitCode, stderr } = await network.cnitool('check')
    const seen = (await network.calls()).filter(({ plugin }) => plugin === 'pxt-last')
    const refused = version === '0.3.1'
    expect(exitCode).toBe(refused ? 1 : 0)
    expect(stderr).toContain(refused ? 'does not support the CHECK command' : '')
    expect(seen.map(({ command, conf }) => [command, conf['prevResult']])).toEqual(
      refused ? [] : [['CHECK', added]],
    )
  })

  test('del: with the previous result from 0.4.0 on; again; and after the namespace is gone', async () => {
    const added = JSON.parse(await succeed('add')) as unknown
    await network.calls()
    await succeed('del')
    expect(await network.cached()).toEqual({})
    expect(await network.pod.must('ip', '-o', 'link')).not.toContain('eth0')

    const [first, ...others] = (await network.calls()).filter(({ plugin }) => plugin === 'pxt-last')
    expect(others).toEqual([])
    expect(first?.command).toBe('DEL')
    expect(first?.conf['prevResult']).toEqual(version === '0.3.1' ? undefined : added)

    await succeed('del')
    await network.node.must('ip', 'netns', 'delete', network.pod.name)
    try {
      await succeed('del')
    } finally {
      await network.node.must('ip', 'netns', 'add', network.pod.name)
    }
    const again = (await network.calls()).filter(({ plugin }) => plugin === 'pxt-last')
    expect(again.map(({ command, conf }) => [command, conf['prevResult']])).toEqual([
      ['DEL', undefined],
      ['DEL', undefined],
    ])
  })

  test('gc: stale attachments are deleted, then GC is called from 1.1.0 on', async () => {
    await succeed('add')
    await network.calls()
    await succeed('gc')
    expect(await network.cached()).toEqual({})
    const seen = (await network.calls()).filter(({ plugin }) => plugin === 'pxt-last')
    expect(seen.map(({ command }) => command)).toEqual(
      version === '1.1.0' ? ['DEL', 'GC'] : ['DEL'],
    )
    // cnitool names no attachments at all: the keys are absent, which is not an empty list.
    expect(Object.keys(seen.at(-1)!.conf).filter((key) => key.startsWith('cni.dev/'))).toEqual([])
  })

  test('status: asked from 1.1.0 on, and its error comes through unwrapped', async () => {
    await succeed('status')
    const seen = await network.calls()
    expect(seen.map(({ plugin, command }) => [plugin, command])).toEqual(
      version === '1.1.0'
        ? [
            ['pxt-first', 'STATUS'],
            ['pxt-last', 'STATUS'],
          ]
        : [],
    )
    await network.install('pxt-last', { throws: { code: 50, msg: 'not now', details: 'tea' } })
    const { exitCode, stderr } = await network.cnitool('status')
    expect(exitCode).toBe(version === '1.1.0' ? 1 : 0)
    expect(stderr).toContain(version === '1.1.0' ? 'not now; tea' : '')
  })

  test('a failing add is reported with our message, and nothing is cached', async () => {
    await network.install('pxt-last', { throws: { code: 11, msg: 'agent is away' } })
    const { exitCode, stdout, stderr } = await network.cnitool('add')
    expect(exitCode).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain('plugin type="pxt-last" failed (add): agent is away')
    expect(await network.cached()).toEqual({})
    await network.install('pxt-last', {})
    await succeed('del')
  })
})

test('the kernel has what the passed-through result says', async () => {
  await chain('1.0.0')
  const result = JSON.parse(await succeed('add')) as { ips: { address: string }[] }
  const addresses = await network.pod.must('ip', '-o', '-4', 'address', 'show', 'eth0')
  expect(addresses).toContain(result.ips[0]!.address)
  expect(await network.pod.must('ip', 'route')).toContain('default via 10.77.0.1')
  await succeed('del')
})

test('after Debian’s loopback, whose result is passed through', async () => {
  await network.install('pxt-last', {})
  await network.configure('0.4.0', [{ type: 'loopback' }, { type: 'pxt-last' }])
  const result = JSON.parse(await succeed('add', { CNI_IFNAME: 'lo' })) as object
  expect(result).toMatchObject({
    cniVersion: '0.4.0',
    interfaces: [{ name: 'lo' }],
    // Without a version, which is why we bear that.
    ips: [
      { version: '', address: '127.0.0.1/8' },
      { version: '', address: '::1/128' },
    ],
  })
  await succeed('check', { CNI_IFNAME: 'lo' })
  await succeed('del', { CNI_IFNAME: 'lo' })
})

test('libcni reads a result of every version that we print', async () => {
  await network.install('pxt-last', { result: firstResult })
  for (const version of ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
    await network.configure(version, [{ type: 'pxt-last' }])
    const printed = JSON.parse(await succeed('add')) as Record<string, unknown>
    expect(printed['cniVersion']).toBe(version)
    expect(JSON.stringify(printed)).toContain('10.77.0.2/24')
    await succeed('del')
  }
})

test('selection by cniVersions: libcni takes the newest it knows', async () => {
  await network.install('pxt-last', { result: firstResult })
  await network.configure('0.4.0', [{ type: 'pxt-last' }], { cniVersions: ['1.0.0', '1.9.0'] })
  expect(JSON.parse(await succeed('add'))).toHaveProperty('cniVersion', '1.0.0')
})

test('a version the plugin does not list makes libcni fail with code 1’s message', async () => {
  await network.install('pxt-last', { versions: ['0.4.0'] })
  await network.configure('1.0.0', [{ type: 'pxt-last' }])
  const { exitCode, stderr } = await network.cnitool('add')
  expect(exitCode).toBe(1)
  expect(stderr).toContain(
    'incompatible CNI versions; config is "1.0.0", plugin supports ["0.4.0"]',
  )
})

test('nothing is left on the machine', async () => {
  await chain('1.0.0')
  await succeed('add')
  const { name } = network.pod
  await network[Symbol.asyncDispose]()
  expect(existsSync(`/var/lib/cni/networks/${networkName}`)).toBe(false)
  expect(existsSync(`/var/run/netns/${name}`)).toBe(false)
  network = await createNetwork()
})
