import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  commandProber,
  type ConnectionProber,
  parseRedirectSpec,
  plan,
  probeCapture,
  type ProbeReport,
  type RedirectBackend,
  type RuleSet,
} from '../../src/index.ts'
import { addresses } from './support/addresses.ts'
import { backendNames, openBackend, runnerIn } from './support/backends.ts'
import { openTransport, type TestTransport } from './support/netlink-transport.ts'
import { createScene, type Scene } from './support/scene.ts'

// Other ports than those on which the scene listens.
const free = { outboundPort: 25_001, inboundPort: 25_006 }
const rules = plan(parseRedirectSpec(free))
const podAddresses = [addresses.ipv4.pod, addresses.ipv6.pod]

let scene: Scene
let netlink: TestTransport
let prober: ConnectionProber
beforeAll(async () => {
  scene = await createScene('ipt-probe')
  netlink = await openTransport(scene.pod)
  prober = commandProber({ runner: runnerIn(scene.pod), node: process.execPath })
})
afterAll(async () => {
  await netlink[Symbol.asyncDispose]()
  await scene[Symbol.asyncDispose]()
})

const summary = ({ ok, results }: ProbeReport): unknown[] => [
  ok,
  ...results.map((one) => [one.direction, one.family, one.capturePort, one.ok, one.detail]),
]

describe.each(backendNames)('%s', (name) => {
  let backend: RedirectBackend & AsyncDisposable
  beforeEach(async () => {
    backend = await openBackend(name, scene.pod)
  })
  afterEach(async () => {
    await backend.remove()
    await backend[Symbol.asyncDispose]()
  })

  test('every connection arrives at the capture port, with its destination on record', async () => {
    await backend.apply(rules)
    const report = await probeCapture({ rules, prober, netlink, podAddresses })
    expect(summary(report)).toEqual([
      true,
      ['outbound', 'ipv4', 25_001, true, 'to 192.0.2.1 port 9, answered by port 25001'],
      ['inbound', 'ipv4', 25_006, true, 'to 10.77.0.2 port 9, answered by port 25006'],
      ['outbound', 'ipv6', 25_001, true, 'to 2001:db8::1 port 9, answered by port 25001'],
      ['inbound', 'ipv6', 25_006, true, 'to fd77::2 port 9, answered by port 25006'],
    ])
  })

  test('beside a proxy that serves the capture ports', async () => {
    const served = plan(parseRedirectSpec({}))
    await backend.apply(served)
    const report = await probeCapture({ rules: served, prober, netlink, podAddresses })
    expect(report.results.map(({ capturePort, ok }) => [capturePort, ok])).toEqual([
      [15_001, true],
      [15_006, true],
      [15_001, true],
      [15_006, true],
    ])
    const blind = await probeCapture({ rules: served, prober })
    expect(blind.results.map(({ detail }) => detail)).toEqual([
      'port 15001 is in use: cannot see who answered',
      'port 15001 is in use: cannot see who answered',
    ])
  })

  test('rules for another port do not pass', async () => {
    await backend.apply(plan(parseRedirectSpec({})))
    const { ok, results } = await probeCapture({ rules, prober, netlink, podAddresses })
    expect(ok).toBe(false)
    expect(results.map((one) => one.ok)).toEqual([false, false, false, false])
    expect(results[0]?.detail).toBe('answered, but not on port 25001')
  })
})

test('without rules nothing is captured', async () => {
  const { ok, results } = await probeCapture({ rules, prober, podAddresses, timeoutMs: 500 })
  expect(ok).toBe(false)
  expect(results.every(({ detail }) => detail.startsWith('not captured: E'))).toBe(true)
})

test('what the rules do not capture is not asked for', async () => {
  const bare = { ...free, includeInboundPorts: [], includeOutboundCidrs: [] }
  const nothing: RuleSet = plan(parseRedirectSpec({ ...bare, proxyUids: [7], proxyGids: [] }))
  expect(await probeCapture({ rules: nothing, prober, podAddresses })).toEqual({
    ok: false,
    results: [],
  })
  const named = plan(parseRedirectSpec({ ...bare, includeOutboundCidrs: ['10.88.0.1/32'] }))
  await using backend = await openBackend('netlink', scene.pod)
  await backend.apply(named)
  const { results } = await probeCapture({ rules: named, prober })
  await backend.remove()
  expect(results).toMatchObject([{ target: '10.88.0.1', ok: true }])
})
