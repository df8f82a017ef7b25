import { createNetns, type TestNetns } from '@proxy/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { type NetnsHelper } from '../../src/netns-helper.ts'
import { startNetnsHelper } from '../../src/start-helper.ts'

let helper: NetnsHelper
let netns: TestNetns

beforeAll(async () => {
  helper = await startNetnsHelper()
})
afterAll(() => helper.close())
beforeEach(async () => {
  netns = await createNetns('inside')
})
afterEach(() => netns[Symbol.asyncDispose]())

describe('interfaces', () => {
  it('are those of the namespace', async () => {
    await netns.must(
      'ip',
      'link',
      'add',
      'v0',
      'address',
      '02:00:00:00:00:01',
      'mtu',
      '1400',
      'type',
      'veth',
      'peer',
      'name',
      'v1',
    )
    const links = await helper.links(netns.path)
    expect(links.map(({ name }) => name).sort()).toEqual(['lo', 'v0', 'v1'])
    const [lo, v0, v1] = ['lo', 'v0', 'v1'].map((name) => links.find((link) => link.name === name))
    expect(lo).toMatchObject({
      loopback: true,
      up: true,
      kind: undefined,
      mac: undefined,
      peerIndex: undefined,
    })
    expect(v0).toMatchObject({
      kind: 'veth',
      mtu: 1400,
      mac: '02:00:00:00:00:01',
      up: false,
      loopback: false,
      peerIndex: v1?.index,
    })
  })

  it('are switched on', async () => {
    await netns.must('ip', 'link', 'add', 'd0', 'type', 'bridge')
    for (let round = 0; round < 2; round++) await helper.setLinkUp(netns.path, 'd0')
    expect((await helper.links(netns.path)).find(({ name }) => name === 'd0')?.up).toBe(true)
  })

  it('that are not there are an error', async () => {
    await expect(helper.setLinkUp(netns.path, 'eth7')).rejects.toMatchObject({
      code: 'link-not-found',
    })
    await expect(helper.addAddress(netns.path, '10.0.0.1/8', 'eth7')).rejects.toMatchObject({
      code: 'link-not-found',
    })
    await helper.removeAddress(netns.path, '10.0.0.1/8', 'eth7')
  })

  it.for(['', 'a b', 'a/b', '..', 'sixteen-letters-', 'a\0'])(
    'cannot be called %j',
    async (name) => {
      await expect(helper.setLinkUp(netns.path, name)).rejects.toMatchObject({
        code: 'invalid-argument',
      })
    },
  )
})

describe('addresses', () => {
  it.for(['::6/128', '127.0.0.6/32', '10.1.2.3/24', '2001:db8::1/64'])(
    '%s is added and removed, each again and again, and usable at once',
    async (cidr) => {
      const [address, prefixLength] = cidr.split('/')
      const there = async (): Promise<boolean> =>
        (await helper.addresses(netns.path)).some(
          (one) => one.address === address && one.prefixLength === Number(prefixLength),
        )
      for (let round = 0; round < 2; round++) await helper.addAddress(netns.path, cidr, 'lo')
      expect(await there()).toBe(true)
      const show = await netns.must('ip', 'address', 'show', 'dev', 'lo')
      expect(show).toContain(cidr)
      expect(show).not.toContain('tentative')
      for (let round = 0; round < 2; round++) await helper.removeAddress(netns.path, cidr, 'lo')
      expect(await there()).toBe(false)
    },
  )

  it('are not usable where IPv6 is switched off, and the error says so', async () => {
    await helper.sysctl.set(netns.path, 'net.ipv6.conf.lo.disable_ipv6', '1')
    await expect(helper.addAddress(netns.path, '::6/128', 'lo')).rejects.toMatchObject({
      code: 'netlink-failed',
      errno: 'EACCES',
      message: expect.stringContaining('add ::6/128 to lo') as string,
    })
  })
})

describe('settings', () => {
  it('are those of the namespace and of no other', async () => {
    const key = 'net.ipv4.ip_local_port_range'
    const outside = await helper.sysctl.get('/proc/self/ns/net', key)
    await helper.sysctl.set(netns.path, key, '20000\t20100')
    expect(await helper.sysctl.get(netns.path, key)).toBe('20000\t20100')
    expect(await netns.must('cat', '/proc/sys/net/ipv4/ip_local_port_range')).toBe('20000\t20100\n')
    expect(await helper.sysctl.get('/proc/self/ns/net', key)).toBe(outside)
  })

  it('of an interface with a dot in its name', async () => {
    await netns.must('ip', 'link', 'add', 'd0.7', 'type', 'bridge')
    await helper.sysctl.set(netns.path, 'net/ipv4/conf/d0.7/rp_filter', '2')
    expect(await helper.sysctl.get(netns.path, 'net/ipv4/conf/d0.7/rp_filter')).toBe('2')
  })

  it('fail with a reason', async () => {
    await expect(helper.sysctl.get(netns.path, 'net.ipv4.no_such')).rejects.toMatchObject({
      code: 'sysctl-unknown',
    })
    await expect(helper.sysctl.set(netns.path, 'net.ipv4.no_such', '1')).rejects.toMatchObject({
      code: 'sysctl-unknown',
    })
    await expect(
      helper.sysctl.set(netns.path, 'net.ipv4.tcp_congestion_control', 'none'),
    ).rejects.toMatchObject({ code: 'sysctl-failed', errno: 'ENOENT' })
    await expect(helper.sysctl.get(netns.path, 'kernel.core_pattern')).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    await expect(
      helper.sysctl.set(netns.path, 'net.ipv4.ip_forward', '1\n0'),
    ).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('listeners', () => {
  it('are the TCP sockets that accept, with their owner', async () => {
    const listen = (host: string, port: number, v6Only = false): string =>
      `require('net').createServer().listen({host:'${host}',port:${port},ipv6Only:${v6Only}},()=>console.log('on'))`
    const sockets = [listen('127.0.0.1', 8001), listen('::', 8002), listen('::', 8003, true)]
    await using server = await netns.spawn([
      'setpriv',
      '--reuid=1337',
      '--clear-groups',
      process.execPath,
      '-e',
      sockets.join(';'),
    ])
    await expect.poll(() => server.output().stdout).toBe('on\non\non\n')
    const listeners = [...(await helper.listeners(netns.path))]
    expect(listeners.sort((a, b) => a.port - b.port)).toMatchObject([
      {
        family: 'ipv4',
        address: '127.0.0.1',
        port: 8001,
        v6Only: false,
        uid: 1337,
        index: undefined,
      },
      { family: 'ipv6', address: '::', port: 8002, v6Only: false, uid: 1337 },
      { family: 'ipv6', address: '::', port: 8003, v6Only: true, uid: 1337 },
    ])
    const inodes = listeners.map(({ inode }) => `socket:[${inode}]`)
    const open = await netns.must('ls', '-l', `/proc/${server.pid}/fd`)
    expect(inodes.filter((inode) => open.includes(inode))).toEqual(inodes)
  })

  it('are none in a new namespace', async () => {
    expect(await helper.listeners(netns.path)).toEqual([])
  })
})
