import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  explain,
  type Explanation,
  families,
  parseRedirectSpec,
  plan,
  type RedirectBackend,
} from '../../src/index.ts'
import { addresses } from './support/addresses.ts'
import { backendNames, openBackend } from './support/backends.ts'
import { connect } from './support/connect.ts'
import { packetOf } from './support/packet.ts'
import { appPorts, createScene, remotePorts, type Scene } from './support/scene.ts'
import { owners, type Probe, type Who } from './support/traffic-cases.ts'

type Question = Omit<Probe, 'expect'>

const ports = fc.shuffledSubarray([80, 443, 3306, 8080, 8443, 9090], { maxLength: 4 })
const blocks = fc.shuffledSubarray(
  [
    '10.77.0.0/24',
    '10.88.0.1/32',
    '10.99.0.0/28',
    '10.0.0.0/8',
    '127.0.0.0/8',
    '127.1.0.0/16',
  ].concat(['fd77::/64', 'fd88::/16', 'fd99::1/128', 'fd00::/8', '::1/128', '0.0.0.0/0', '::/0']),
  { maxLength: 5 },
)

/** Specifications about the ports and addresses of the scene. */
const input = fc.record({
  families: fc.shuffledSubarray([...families], { minLength: 1 }),
  captureDns: fc.oneof(
    fc.constant('*'),
    fc.shuffledSubarray(['10.77.0.1', '10.99.0.1', '127.0.0.1', 'fd77::1', '::1']),
  ),
  includeInboundPorts: fc.oneof(fc.constant('*'), ports),
  excludeInboundPorts: ports,
  includeOutboundPorts: ports,
  excludeOutboundPorts: ports,
  includeOutboundCidrs: fc.oneof(fc.constant('*'), blocks),
  excludeOutboundCidrs: blocks,
  excludeInterfaces: fc.shuffledSubarray(['net1', 'eth0', 'lo'], { maxLength: 1 }),
  rerouteVirtualInterfaces: fc.shuffledSubarray(['net1', 'eth0', 'lo'], { maxLength: 1 }),
  dropInvalid: fc.boolean(),
  // The server of the scene for DNS is the user 1337 of no such group.
  proxyUids: fc.constantFrom([1337], [1337, 4000]),
  proxyGids: fc.shuffledSubarray([1337, 4000]),
  proxyMarks: fc.shuffledSubarray([500, 501]),
  includeOwnerGroups: fc.oneof(fc.constant('*'), fc.shuffledSubarray([1000, 2000, 4000])),
  excludeOwnerGroups: fc.shuffledSubarray([2000, 3000, 4000], { maxLength: 2 }),
  loopbackCidr: fc.constantFrom('127.0.0.1/32', '127.0.0.0/8'),
})

const own = ['pod', 'second', 'loopback', 'otherLoopback'] as const
const remote = ['client', 'other', 'secondClient'] as const

/** Connections that somebody answers, wherever they end up. */
const question: fc.Arbitrary<Question> = fc.oneof(
  fc.record({
    from: fc.constant('client' as const),
    to: fc.constantFrom('pod' as const, 'second' as const),
    port: fc.constantFrom(...appPorts),
  }),
  fc.record({
    from: fc.constantFrom(...(Object.keys(owners) as Who[])),
    to: fc.constantFrom(...own),
    port: fc.constantFrom(...appPorts),
    asProxySource: fc.boolean(),
  }),
  fc.record({
    from: fc.constantFrom(
      'app' as const,
      'proxy' as const,
      'proxy-group' as const,
      'other-group' as const,
    ),
    to: fc.constantFrom(
      'pod' as const,
      'loopback' as const,
      'client' as const,
      'secondClient' as const,
    ),
    port: fc.constant(53),
    protocol: fc.constant('udp' as const),
  }),
  fc.record({
    from: fc.constantFrom(...(Object.keys(owners) as Who[])),
    to: fc.constantFrom(...remote),
    port: fc.constantFrom(...remotePorts),
  }),
)

const labels = new Map([
  [15_001, 'outbound-capture'],
  [15_006, 'inbound-capture'],
  [15_053, 'dns-capture'],
])

function expected({ to }: Question, { verdict, port }: Explanation): string {
  if (verdict === 'captured') return labels.get(port ?? 0) ?? 'nobody'
  return (own as readonly string[]).includes(to) ? 'app' : 'remote'
}

describe.each(backendNames)('%s', (name) => {
  let scene: Scene
  let backend: RedirectBackend & AsyncDisposable
  beforeAll(async () => {
    scene = await createScene('ipt-sim')
    backend = await openBackend(name, scene.pod)
  })
  afterAll(async () => {
    await backend[Symbol.asyncDispose]()
    await scene[Symbol.asyncDispose]()
  })

  test('what explain says about any plan and connection is what the kernel does', async () => {
    const questions = fc.array(question, { minLength: 10, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(input, questions, async (values, asked) => {
        const rules = plan(parseRedirectSpec(values, { contradictions: 'keep' }))
        await backend.apply(rules)
        for (const one of asked) {
          for (const family of families) {
            const explanation = explain(rules, packetOf(one, family))
            const seen = await connect(scene, one, family)
            expect({ one, family, seen }).toEqual({
              one,
              family,
              seen: expected(one, explanation),
            })
          }
        }
      }),
      { numRuns: 12, endOnFailure: true },
    )
  })

  test('UDP goes where it wants to', async () => {
    await backend.apply(plan(parseRedirectSpec({})))
    for (const family of families) {
      const { client, pod } = addresses[family]
      const owner = owners.app
      expect(await scene.inside.datagram({ host: client, port: 443, ...owner })).toBe('remote')
      expect(await scene.outside.datagram({ host: pod, port: 8080, ...owner })).toBe('app')
    }
  })
})
