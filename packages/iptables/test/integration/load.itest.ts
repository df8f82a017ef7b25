import { eventually, type TestNetns } from '@proxy/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { nftablesBackend, parseRedirectSpec, plan, type RedirectBackend } from '../../src/index.ts'
import { addresses } from './support/addresses.ts'
import { type BackendName, backendNames, openBackend } from './support/backends.ts'
import { type Load, startLoad } from './support/load.ts'
import { openTransport } from './support/netlink-transport.ts'
import { createScene, type Scene } from './support/scene.ts'
import { owners } from './support/traffic-cases.ts'
import { startTransparentProxy } from './support/transparent-proxy.ts'

// Specifications that agree about every connection of the load and about little else, so that
// chains, sets, elements and rules all come and go.
const other = {
  includeInboundPorts: [8080, 9],
  includeOutboundCidrs: ['10.77.0.0/24', 'fd77::/64'],
  excludeOutboundCidrs: ['10.200.0.0/16', 'fd20::/16'],
  excludeInterfaces: ['net1'],
  proxyUids: [1337, 4000],
}
const specs = [
  { excludeInboundPorts: [15_020], excludeOutboundPorts: [7] },
  other,
  { ...other, includeOutboundCidrs: ['10.64.0.0/10', 'fd00::/8'], includeInboundPorts: [8080] },
]
const plans = specs.map((spec) => plan(parseRedirectSpec(spec)))

/** A process for each step takes its time, most of all beside the load. */
const replacements = { netlink: 600, nft: 60, 'iptables-nft': 60, 'iptables-legacy': 60 } as const

/** Without the routing that TPROXY needs, netlink starts no program and replaces faster. */
async function openPlain(
  name: BackendName,
  netns: TestNetns,
): Promise<RedirectBackend & AsyncDisposable> {
  if (name !== 'netlink') return openBackend(name, netns)
  const netlink = await openTransport(netns)
  return {
    ...nftablesBackend({ netlink }),
    [Symbol.asyncDispose]: () => netlink[Symbol.asyncDispose](),
  }
}

/** A bound for what hangs, with a load beside it. */
const patience = { timeout: 180_000 }

async function applyNext(backend: RedirectBackend, turn: number): Promise<void> {
  const rules = plans[turn % plans.length]
  if (rules !== undefined) await backend.apply(rules)
}

describe.each(backendNames)('%s', (name) => {
  let scene: Scene
  let backend: RedirectBackend & AsyncDisposable
  beforeAll(async () => {
    scene = await createScene('ipt-load')
    backend = await openPlain(name, scene.pod)
  })
  afterAll(async () => {
    await backend[Symbol.asyncDispose]()
    await scene[Symbol.asyncDispose]()
  })

  const outbound = (): Promise<Load> =>
    startLoad(scene.pod, {
      hosts: [addresses.ipv4.client, addresses.ipv6.client],
      port: 80,
      ...owners.app,
      parallel: 16,
    })
  const inbound = (): Promise<Load> =>
    startLoad(scene.client, {
      hosts: [addresses.ipv4.pod, addresses.ipv6.pod],
      port: 8080,
      ...owners.app,
      parallel: 16,
    })

  test('no connection is lost or passes by while rules are replaced', patience, async () => {
    await applyNext(backend, 0)
    await using out = await outbound()
    await using into = await inbound()
    for (let turn = 1; turn <= replacements[name]; turn++) await applyNext(backend, turn)
    const results = [await out.stop(), await into.stop()]
    expect(results.map(({ labels }) => Object.keys(labels))).toEqual([
      ['outbound-capture'],
      ['inbound-capture'],
    ])
    const counts = results.flatMap(({ labels }) => Object.values(labels))
    expect(Math.min(...counts)).toBeGreaterThan(replacements[name])
  })

  test('a gap would be seen: the same load notices rules that are removed first', async () => {
    await applyNext(backend, 0)
    await using out = await outbound()
    await backend.remove()
    await eventually(() => {
      expect(out.seen).toContain('remote')
      return Promise.resolve()
    })
    await applyNext(backend, 1)
    const { labels } = await out.stop()
    expect(labels['remote']).toBeGreaterThan(0)
  })
})

// The second packet of a connection by TPROXY needs the rules as much as the first.
describe.each(backendNames)('%s by TPROXY', (name) => {
  test('no connection is lost or passes by while rules are replaced', patience, async () => {
    await using scene = await createScene('ipt-load', { transparent: true })
    await using backend = await openBackend(name, scene.pod)
    await using proxy = await startTransparentProxy(scene.pod)
    const rules = [
      { mode: 'TPROXY', excludeInboundPorts: [3306] },
      { mode: 'TPROXY', includeInboundPorts: [8080, 9], excludeInterfaces: ['net1'] },
    ].map((spec) => plan(parseRedirectSpec(spec)))
    await backend.apply(rules[0] ?? raise())
    const turns = 30
    await using load = await startLoad(scene.client, {
      hosts: [addresses.ipv4.pod, addresses.ipv6.pod],
      port: 8080,
      ...owners.app,
      parallel: 8,
    })
    for (let turn = 1; turn <= turns; turn++) {
      await backend.apply(rules[turn % 2] ?? raise())
    }
    const { labels } = await load.stop()
    expect(Object.keys(labels)).toEqual(['via'])
    expect(labels['via']).toBeGreaterThan(turns)
    expect(proxy.pid).toBeGreaterThan(0)
  })
})

function raise(): never {
  throw new Error('no such rules')
}
