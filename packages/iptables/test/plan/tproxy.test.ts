import { expect, test } from 'vitest'

import {
  explain,
  forFamily,
  type Packet,
  parseNftDump,
  parseRedirectSpec,
  parseSave,
  plan,
  renderRestore,
  type RuleSet,
} from '../../src/index.ts'
import { dumpOfBatch } from '../support/batch-dump.ts'

const rules = plan(
  parseRedirectSpec({
    mode: 'TPROXY',
    excludeInboundPorts: [3306],
    excludeInterfaces: ['net1'],
    rerouteVirtualInterfaces: ['tap0'],
  }),
)

const packet: Packet = {
  direction: 'inbound',
  family: 'ipv4',
  protocol: 'tcp',
  source: '10.0.0.1',
  destination: '10.0.0.2',
  destinationPort: 80,
  interface: 'eth0',
}

const proxyAsClient: Partial<Packet> = {
  direction: 'outbound',
  interface: 'lo',
  mark: 1337,
  uid: 1337,
  gid: 1337,
}

test.for<[string, Partial<Packet>, string]>([
  ['a new connection', {}, 'captured 15006'],
  ['its next packets', { connectionState: 'established', transparentSocket: true }, 'passed'],
  ['an answer to what the pod asked', { connectionState: 'established' }, 'passed'],
  ['an excluded port', { destinationPort: 3306 }, 'passed'],
  ['a tunnel', { destinationPort: 15_008 }, 'passed'],
  ['another interface', { interface: 'net1' }, 'passed'],
  ['a machine inside the pod', { interface: 'tap0' }, 'captured 15001'],
  ['the pod to itself', { interface: 'lo' }, 'passed'],
  ['the proxy as the client, arriving', { interface: 'lo', mark: 1337 }, 'passed'],
  ['the proxy as the client, leaving', proxyAsClient, 'passed'],
  ['the proxy to its own pod', { ...proxyAsClient, mark: 0 }, 'captured 15006'],
  ['UDP', { protocol: 'udp' }, 'passed'],
])('%s', ([, change, expected]) => {
  const readings: readonly RuleSet[] = [
    rules,
    parseNftDump(dumpOfBatch(rules)).rules,
    forFamily(rules, 'ipv4'),
    parseSave(renderRestore(rules, 'ipv4'), 'ipv4').rules,
  ]
  const seen = readings.map((reading) => {
    const { verdict, port } = explain(reading, { ...packet, ...change })
    return port === undefined ? verdict : `${verdict} ${port}`
  })
  expect(seen).toEqual(seen.map(() => expected))
})

test('answers of the application to the client go back to the proxy', () => {
  const answer: Packet = {
    ...packet,
    direction: 'outbound',
    connectionState: 'established',
    connectionMark: 1337,
  }
  const { steps } = explain(rules, answer)
  expect(steps.map(({ rule }) => rule)).toEqual(['restore-proxy-mark'])
})

test('what the pod sends is planned as in REDIRECT mode', () => {
  const of = (mode: string): unknown =>
    plan(parseRedirectSpec({ mode }))
      .chains.filter(({ table }) => table === 'nat')
      .flatMap((chain) => chain.rules)
      .map(({ name }) => name)
      .filter((name) => !name.includes('inbound') && name !== 'skip-tunnel-port')
  const names = of('TPROXY') as readonly string[]
  expect(names.filter((name) => name !== 'skip-proxy-as-client')).toEqual(of('REDIRECT'))
})
