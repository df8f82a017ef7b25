import { createNetns, type TestNetns } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { parseRedirectSpec, planFollowing, type RedirectBackend } from '../../src/index.ts'
import { addresses } from './support/addresses.ts'
import { backendNames, openBackend } from './support/backends.ts'
import { createScene } from './support/scene.ts'
import { startLoad } from './support/load.ts'
import { owners } from './support/traffic-cases.ts'

const bare = { includeInboundPorts: [], includeOutboundCidrs: [] }
const states = [
  bare,
  { ...bare, includeInboundPorts: [8080], includeOutboundCidrs: ['10.77.0.0/24', 'fd77::/64'] },
  { ...bare, includeInboundPorts: [8080, 80], includeOutboundCidrs: ['10.0.0.0/8'] },
  { includeInboundPorts: [80], includeOutboundCidrs: ['10.0.0.0/8'], excludeOutboundPorts: [80] },
  { ...bare, includeOutboundPorts: [80], excludeOutboundCidrs: ['10.77.0.1/32'] },
].map((spec) => planFollowing(parseRedirectSpec(spec)))

describe.each(['netlink', 'nft'] as const)('%s', (name) => {
  let netns: TestNetns
  let backend: RedirectBackend & AsyncDisposable
  beforeEach(async () => {
    netns = await createNetns('ipt-sets')
    backend = await openBackend(name, netns)
  })
  afterEach(async () => {
    await backend[Symbol.asyncDispose]()
    await netns[Symbol.asyncDispose]()
  })

  test('lists change and rules are not touched', async () => {
    const rules = async (): Promise<string> => {
      const text = await netns.must('nft', '--handle', 'list', 'table', 'inet', 'proxy_sidecar')
      return text
        .split('\n')
        .filter((line) => line.includes('comment "proxy/'))
        .join('\n')
    }
    await backend.apply(states[0] ?? raise())
    const before = await rules()
    expect(before).toMatch(/exclude_outbound_ipv6.*handle/)
    for (const state of [...states, ...states.toReversed()]) {
      await backend.apply(state)
      expect(await backend.verify(state)).toEqual({ ok: true, differences: [] })
      expect(await rules()).toBe(before)
    }
  })
})

describe.each(backendNames)('%s', (name) => {
  test('a port joins and leaves the included ones while others are captured', async () => {
    await using scene = await createScene('ipt-sets')
    await using backend = await openBackend(name, scene.pod)
    const [, one, two] = states
    await backend.apply(one ?? raise())
    await using load = await startLoad(scene.client, {
      hosts: [addresses.ipv4.pod, addresses.ipv6.pod],
      port: 8080,
      ...owners.app,
      parallel: 8,
    })
    const seen: string[] = []
    for (let turn = 0; turn < 10; turn++) {
      await backend.apply((turn % 2 === 0 ? two : one) ?? raise())
      const target = { host: addresses.ipv4.pod, port: 80, ...owners.app }
      seen.push((await scene.outside.connect(target)).split(' ')[0] ?? '')
    }
    expect(seen).toEqual(
      Array.from({ length: 10 }, (_, turn) => (turn % 2 === 0 ? 'inbound-capture' : 'app')),
    )
    expect(Object.keys((await load.stop()).labels)).toEqual(['inbound-capture'])
  })
})

function raise(): never {
  throw new Error('no such state')
}
