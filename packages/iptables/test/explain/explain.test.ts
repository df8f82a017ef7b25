import { describe, expect, test } from 'vitest'

import {
  explain,
  families,
  type Family,
  forFamily,
  type Packet,
  parseNftDump,
  parseRedirectSpec,
  parseSave,
  plan,
  renderRestore,
  type RuleSet,
} from '../../src/index.ts'
import { packetOf } from '../integration/support/packet.ts'
import { type Probe, trafficCases } from '../integration/support/traffic-cases.ts'
import { dumpOfBatch } from '../support/batch-dump.ts'

/** Every way of coming by the rules of a plan, by family. */
function readingsOf(rules: RuleSet): Readonly<Record<Family, readonly RuleSet[]>> {
  const dumped = parseNftDump(dumpOfBatch(rules)).rules
  const of = (family: Family): readonly RuleSet[] => [
    rules,
    dumped,
    forFamily(rules, family),
    parseSave(renderRestore(rules, family), family).rules,
  ]
  return { ipv4: of('ipv4'), ipv6: of('ipv6') }
}

function familiesOf(probe: Probe): readonly Family[] {
  return families.filter((family) => (probe.family ?? family) === family)
}

function verdictOf(rules: RuleSet, probe: Probe, family: Family): string {
  const { verdict, port } = explain(rules, packetOf(probe, family))
  return port === undefined ? verdict : `${verdict} ${port}`
}

// Listeners stand for the proxy's ports; one case has other ports and is told apart by its probes.
const listeners = {
  'inbound-capture': 15_006,
  'outbound-capture': 15_001,
  tunnel: 15_008,
  'dns-capture': 15_053,
} as const

describe('agrees with what the kernel does in the integration tests', () => {
  const cases = trafficCases.filter(({ spec }) => !('outboundPort' in spec))
  test.for(cases)('$name', ({ spec, probes }) => {
    const readings = readingsOf(plan(parseRedirectSpec(spec)))
    for (const probe of probes) {
      const { expect: label } = probe
      const port = label === 'app' || label === 'remote' ? probe.port : listeners[label]
      const expected = port === probe.port ? 'passed' : `captured ${port}`
      for (const family of familiesOf(probe)) {
        const seen = readings[family].map((reading) => verdictOf(reading, probe, family))
        expect({ probe, family, seen }).toEqual({ probe, family, seen: seen.map(() => expected) })
      }
    }
  })
})

test('every rule decides one of those connections: without it a verdict changes', () => {
  const names = new Set<string>()
  const decisive = new Set<string>()
  for (const { spec, probes } of trafficCases) {
    const rules = plan(parseRedirectSpec(spec))
    const verdicts = (of: RuleSet): string =>
      probes
        .flatMap((probe) => familiesOf(probe).map((family) => verdictOf(of, probe, family)))
        .join()
    const before = verdicts(rules)
    for (const chain of rules.chains) {
      // Zones decide which connection a packet belongs to, and that only another packet can show.
      for (const rule of chain.table === 'raw' ? [] : chain.rules) {
        const chains = rules.chains.map((one) =>
          one === chain ? { ...one, rules: one.rules.filter((other) => other !== rule) } : one,
        )
        names.add(`${chain.name} ${rule.name}`)
        if (verdicts({ ...rules, chains }) !== before) decisive.add(`${chain.name} ${rule.name}`)
      }
    }
  }
  expect([...names].filter((name) => !decisive.has(name))).toEqual([])
})

test('lists the rules that the packet met, in words', () => {
  const rules = plan(parseRedirectSpec({ excludeInboundPorts: [3306] }))
  const packet: Packet = {
    direction: 'inbound',
    family: 'ipv4',
    protocol: 'tcp',
    source: '10.0.0.1',
    destination: '10.0.0.2',
    destinationPort: 3306,
    interface: 'eth0',
  }
  expect(explain(rules, packet)).toEqual({
    verdict: 'passed',
    steps: [
      {
        chain: 'nat prerouting',
        rule: 'to-inbound',
        words: 'ipv4 and ipv6: tcp: go to inbound',
      },
      {
        chain: 'nat inbound',
        rule: 'exclude-inbound-ports',
        words: 'ipv4 and ipv6: tcp, to port @exclude_inbound_ports: leave the chain',
      },
    ],
  })
  expect(explain(rules, { ...packet, destinationPort: 80 })).toMatchObject({
    verdict: 'captured',
    port: 15_006,
  })
  expect(explain(rules, { ...packet, protocol: 'udp' })).toEqual({ verdict: 'passed', steps: [] })
})

test('drops what connection tracking calls invalid, and nothing else', () => {
  const packet: Packet = {
    direction: 'inbound',
    family: 'ipv6',
    protocol: 'tcp',
    source: 'fd00::1',
    destination: 'fd00::2',
    destinationPort: 80,
    interface: 'eth0',
    connectionState: 'invalid',
  }
  const rules = plan(parseRedirectSpec({ dropInvalid: true, excludeInterfaces: ['net1'] }))
  for (const reading of readingsOf(rules).ipv6) {
    const verdict = (change: Partial<Packet>): string =>
      explain(reading, { ...packet, ...change }).verdict
    expect(verdict({})).toBe('dropped')
    expect(verdict({ protocol: 'other' })).toBe('dropped')
    expect(verdict({ interface: 'net1' })).toBe('passed')
    expect(verdict({ connectionState: 'new' })).toBe('captured')
    expect(verdict({ connectionState: 'established' })).toBe('passed')
    expect(verdict({ direction: 'outbound' })).toBe('passed')
  }
  const without = plan(parseRedirectSpec({}))
  expect(explain(without, packet).verdict).toBe('passed')
})

test('does not guess behind a rule that it does not know', () => {
  const text = [
    '*nat',
    ':PROXY_SC_OUTPUT - [0:0]',
    '-A OUTPUT -m comment --comment "proxy/hook" -j PROXY_SC_OUTPUT',
    '-A PROXY_SC_OUTPUT -m limit --limit 1/sec -j RETURN',
    '-A PROXY_SC_OUTPUT -j PROXY_SC_OUTBOUND',
    'COMMIT',
  ].join('\n')
  const packet: Packet = {
    direction: 'outbound',
    family: 'ipv4',
    protocol: 'tcp',
    source: '10.0.0.1',
    destination: '10.0.0.2',
    interface: 'eth0',
  }
  const { rules } = parseSave(text, 'ipv4')
  expect(explain(rules, packet).verdict).toBe('unknown')
})

test('notices chains that are not there or lead back to themselves', () => {
  const rules = plan(parseRedirectSpec({ families: ['ipv4'] }))
  const packet: Packet = {
    direction: 'inbound',
    family: 'ipv4',
    protocol: 'tcp',
    source: '10.0.0.1',
    destination: '10.0.0.2',
    interface: 'eth0',
  }
  const without = { ...rules, chains: rules.chains.filter(({ name }) => name !== 'inbound') }
  expect(() => explain(without, packet)).toThrow('chain inbound, which does not exist')
  const chains = rules.chains.map((chain) =>
    chain.name === 'capture-inbound'
      ? {
          ...chain,
          rules: chain.rules.map((rule) => ({
            ...rule,
            verdict: { kind: 'jump', chain: 'inbound' } as const,
          })),
        }
      : chain,
  )
  expect(() => explain({ ...rules, chains }, packet)).toThrow('leads back to itself')
})
