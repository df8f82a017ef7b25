import { type Spawned } from '@proxy/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  families,
  type Family,
  parseRedirectSpec,
  plan,
  type RedirectBackend,
} from '../../src/index.ts'
import { addresses } from './support/addresses.ts'
import { backendNames, openBackend } from './support/backends.ts'
import { createScene, type Scene } from './support/scene.ts'
import { snapshot } from './support/snapshot.ts'
import { owners, type Who } from './support/traffic-cases.ts'
import { startTransparentProxy } from './support/transparent-proxy.ts'

const spec = { mode: 'TPROXY', excludeInboundPorts: [3306], rerouteVirtualInterfaces: ['net1'] }
const rules = plan(parseRedirectSpec(spec))
const listed = plan(parseRedirectSpec({ mode: 'TPROXY', includeInboundPorts: [8080] }))
const redirect = plan(parseRedirectSpec({}))

describe.each(backendNames)('%s', (name) => {
  let scene: Scene
  let backend: RedirectBackend & AsyncDisposable
  let proxy: Spawned
  beforeAll(async () => {
    scene = await createScene('ipt-tp', { transparent: true })
    backend = await openBackend(name, scene.pod)
    proxy = await startTransparentProxy(scene.pod)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    await backend[Symbol.asyncDispose]()
    await scene[Symbol.asyncDispose]()
  })

  const fromClient = (host: string, port: number): Promise<string> =>
    scene.outside.connect({ host, port, ...owners.app })
  const fromPod = (who: Who, host: string, port: number): Promise<string> =>
    scene.inside.connect({ host, port, ...owners[who] })
  const ip = (words: string): Promise<string> => scene.pod.must('ip', ...words.split(' '))
  const routing = async (): Promise<string> => {
    const shown = ['rule', 'route show table all', 'address show dev lo'].flatMap((what) =>
      ['-4', '-6'].map((family) => ip(`${family} ${what}`)),
    )
    return (await Promise.all(shown)).join('')
  }

  test.for(families)(
    'proxy and application both see the address of the client, %s',
    async (family) => {
      await backend.apply(rules)
      expect(await backend.verify(rules)).toEqual({ ok: true, differences: [] })
      const { pod, client } = addresses[family]
      expect(await fromClient(pod, 80)).toBe(`via ${client} ${pod}:80 app ${client}`)
      expect(await fromClient(pod, 8080)).toBe(`via ${client} ${pod}:8080 app ${client}`)
    },
  )

  test.for(families)('what is not captured, %s', async (family) => {
    await backend.apply(rules)
    const { pod, client, loopback } = addresses[family]
    expect(await fromClient(pod, 3306)).toBe(`app ${client}`)
    expect(await fromClient(pod, 15_008)).toBe(`tunnel ${client}`)
    expect(await fromPod('app', pod, 8080)).toBe(`app ${pod}`)
    expect(await fromPod('app', loopback, 8080)).toBe(`app ${loopback}`)
    expect(await fromPod('proxy', client, 80)).toMatch(/^remote /)
    await backend.apply(listed)
    expect(await fromClient(pod, 80)).toBe(`app ${client}`)
    expect(await fromClient(pod, 8080)).toBe(`via ${client} ${pod}:8080 app ${client}`)
  })

  test.for([
    ['ipv4', '10.123.0.1/32'],
    ['ipv6', 'fd12:3::1/128'],
  ] as const)('an address that is only routed to the pod, %s', async ([family, block]) => {
    await backend.apply(rules)
    const { pod, client } = addresses[family]
    const host = block.split('/')[0] ?? ''
    await scene.client.must('ip', 'route', 'replace', block, 'via', pod)
    // Nobody here serves that address: the proxy answers by itself.
    expect(await fromClient(host, 9090)).toBe(`via ${client} ${host}:9090 `)
  })

  test.for(families)('what is redirected as ever, %s', async (family) => {
    await backend.apply(rules)
    const { pod, client, second } = addresses[family]
    expect(await fromPod('app', client, 80)).toMatch(/^outbound-capture /)
    expect(await fromClient(second, 80)).toMatch(/^outbound-capture /)
    // The proxy to its own pod: by its inbound side, whose listener sees the loopback address.
    expect(await fromPod('proxy', pod, 8080)).toMatch(/^via .*:15006 $/)
  })

  test('without the proxy nothing passes by it', async () => {
    await backend.apply(rules)
    await proxy[Symbol.asyncDispose]()
    const refused = (family: Family): Promise<string> => fromClient(addresses[family].pod, 8080)
    const seen = await Promise.all(families.map((family) => refused(family)))
    proxy = await startTransparentProxy(scene.pod)
    expect(seen.filter((answer) => answer.startsWith('app'))).toEqual([])
    expect(await fromClient(addresses.ipv4.pod, 8080)).toMatch(/^via /)
  })

  test('applied twice is once, removed is nothing left', async () => {
    await backend.remove()
    const before = await routing()
    await backend.apply(rules)
    const once = await routing()
    await backend.apply(rules)
    expect(await routing()).toBe(once)
    expect(once.match(/fwmark 0x539 lookup 133/g)).toHaveLength(2)
    await backend.apply(redirect)
    expect(await routing()).toBe(before)
    expect(await backend.verify(redirect)).toEqual({ ok: true, differences: [] })
    await backend.apply(rules)
    await backend.remove()
    expect(await routing()).toBe(before)
    expect(await snapshot(scene.pod)).not.toMatch(/proxy/i)
    await backend.remove()
  })

  test('damage to the routing is seen and repaired, and routing of others is kept', async () => {
    await ip('-4 rule add priority 7 fwmark 0x539 lookup 77')
    await ip('-6 route add local default dev lo table 77')
    const before = await routing()
    await backend.apply(rules)
    await ip('-4 rule delete priority 32000')
    await ip('-6 route flush table 133')
    await ip('-6 rule add priority 9 fwmark 5 lookup 5 protocol 133')
    const { differences } = await backend.verify(rules)
    expect(differences.map(({ kind, object, family }) => [kind, object, family])).toEqual([
      ['missing', 'policy', 'ipv4'],
      ['missing', 'route', 'ipv6'],
      ['extra', 'policy', 'ipv6'],
    ])
    await backend.apply(rules)
    expect(await backend.verify(rules)).toEqual({ ok: true, differences: [] })
    await backend.remove()
    expect(await routing()).toBe(before)
    await ip('-4 rule delete priority 7')
    await ip('-6 route flush table 77')
  })

  test('a table with a default route of somebody else is not taken', async () => {
    await ip('-4 route add local default dev lo table 133')
    const before = await routing()
    await expect(backend.apply(rules)).rejects.toThrow('choose another tproxyTable')
    await backend.remove()
    expect(await routing()).toBe(before)
    await ip('-4 route flush table 133')
  })
})
