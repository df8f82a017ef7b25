import { isDeepStrictEqual } from 'node:util'
import { parseRedirectSpec, type RedirectSpec } from '@proxy/iptables'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { captureSpecSchema, decide, PolicyError, type RedirectRequest } from '../src/index.ts'
import { defaultRedirect, inputOf } from './pods.ts'

const T = 'traffic.sidecar.istio.io/'

function redirectOf(annotations: Record<string, string>): RedirectRequest {
  const decision = decide(
    inputOf({ annotations: { 'sidecarctl.dev/inject': 'true', ...annotations } }),
  )
  if (decision.kind === 'skip') throw new Error(decision.reason)
  return decision.spec.redirect
}

const cases: [name: string, value: string, change: Partial<RedirectRequest>][] = [
  ['includeOutboundIPRanges', '*', { includeOutboundCidrs: '*' }],
  ['includeOutboundIPRanges', '', { includeOutboundCidrs: [] }],
  [
    'includeOutboundIPRanges',
    '10.1.2.3/8,fd00::1/16',
    { includeOutboundCidrs: ['10.0.0.0/8', 'fd00::/16'] },
  ],
  ['excludeOutboundIPRanges', '', { excludeOutboundCidrs: [] }],
  ['excludeOutboundIPRanges', '0.0.0.0/0', { excludeOutboundCidrs: ['0.0.0.0/0'] }],
  [
    'excludeOutboundIPRanges',
    '10.0.0.1/24,10.0.0.2/24,::/0',
    { excludeOutboundCidrs: ['10.0.0.0/24', '::/0'] },
  ],
  ['includeInboundPorts', '*', { includeInboundPorts: '*' }],
  ['includeInboundPorts', '', { includeInboundPorts: [] }],
  ['includeInboundPorts', '80, 443', { includeInboundPorts: [80, 443] }],
  ['includeInboundPorts', '0', { includeInboundPorts: [] }],
  ['excludeInboundPorts', '', { excludeInboundPorts: [15_020, 15_021, 15_090] }],
  ['excludeInboundPorts', '3306', { excludeInboundPorts: [3306, 15_020, 15_021, 15_090] }],
  ['excludeInboundPorts', '15090,1', { excludeInboundPorts: [15_090, 1, 15_020, 15_021] }],
  ['includeOutboundPorts', '', { includeOutboundPorts: [] }],
  ['includeOutboundPorts', '65535,65535', { includeOutboundPorts: [65_535] }],
  ['excludeOutboundPorts', '', { excludeOutboundPorts: [] }],
  ['excludeOutboundPorts', '25', { excludeOutboundPorts: [25] }],
  ['excludeInterfaces', 'net1, eth0.5', { excludeInterfaces: ['net1', 'eth0.5'] }],
  ['kubevirtInterfaces', '', {}],
]

test.for(cases)('%s = %j', ([name, value, change]) => {
  expect(redirectOf({ [T + name]: value })).toEqual({ ...defaultRedirect, ...change })
})

describe('what is refused', () => {
  test.for([
    ['includeOutboundIPRanges', '10.0.0.0', '10.0.0.0'],
    ['includeOutboundIPRanges', '10.0.0.0/8, 11.0.0.0/8', ' 11.0.0.0/8'],
    ['includeOutboundIPRanges', '10.0.0.0/08', '10.0.0.0/08'],
    ['includeOutboundIPRanges', 'fe80::1%eth0/64', 'fe80::1%eth0/64'],
    ['excludeOutboundIPRanges', '*', '*'],
    ['excludeOutboundIPRanges', '10.0.0.0/8,', ''],
    ['excludeOutboundIPRanges', '01.0.0.0/8', '01.0.0.0/8'],
    ['excludeOutboundIPRanges', '::/129', '::/129'],
    ['includeInboundPorts', '80,', ''],
    ['includeInboundPorts', '65536', '65536'],
    ['includeInboundPorts', '-1', '-1'],
    ['includeInboundPorts', '80,*', '*'],
    ['excludeInboundPorts', '*', '*'],
    ['excludeInboundPorts', '0x50', '0x50'],
    ['includeOutboundPorts', '*', '*'],
    ['excludeOutboundPorts', '*', '*'],
    ['excludeInterfaces', 'eth0,', ''],
    ['excludeInterfaces', 'averyveryverylongname', 'averyveryverylongname'],
    ['excludeInterfaces', 'eth+', 'eth+'],
    ['excludeInterfaces', '..', '..'],
    ['kubevirtInterfaces', 'k6t-eth0', 'k6t-eth0'],
  ])('%s = %j', ([name = '', value = '', item = '']) => {
    const message = refusal({ [T + name]: value })
    expect(message).toContain(T + name)
    expect(message).toContain(JSON.stringify(value))
    expect(message).toContain(JSON.stringify(item))
  })

  test('the name in use wins over the deprecated one', () => {
    const annotations = {
      'istio.io/reroute-virtual-interfaces': '',
      [`${T}kubevirtInterfaces`]: 'a',
    }
    expect(redirectOf(annotations)).toEqual(defaultRedirect)
    expect(refusal({ 'istio.io/reroute-virtual-interfaces': 'a' })).toContain('istio.io/reroute')
  })

  test('a list longer than anybody needs, and a value that floods the log', () => {
    const many = Array.from({ length: 1025 }, (_, index) => index + 1).join(',')
    expect(refusal({ [`${T}excludeInboundPorts`]: many })).toContain('more than 1024 items')
    const message = refusal({ [`${T}excludeInboundPorts`]: '1'.repeat(100_000) })
    expect(message).toContain('100000 characters')
    expect(message.length).toBeLessThan(600)
  })
})

test('any text is either taken or refused by name, and what is taken is a RedirectSpec', () => {
  const names = [...new Set(cases.map(([name]) => name))]
  const items = fc.oneof(
    fc.nat(70_000).map(String),
    fc.ipV4().map((address) => `${address}/8`),
    fc.ipV6().map((address) => `${address}/32`),
    fc.constantFrom('*', '', ' ', 'eth0', '__proto__', '\u0000', '10.0.0.0/8'),
    fc.string(),
  )
  const value = fc.array(items, { maxLength: 5 }).map((list) => list.join(','))
  fc.assert(
    fc.property(fc.constantFrom(...names), value, (name, text) => {
      const outcome = outcomeOf({ [T + name]: text })
      if (typeof outcome === 'string') return outcome.includes(T + name)
      const input: Partial<RedirectSpec> = parseRedirectSpec(outcome, { contradictions: 'keep' })
      return isDeepStrictEqual({ ...input, ...outcome }, input)
    }),
    { numRuns: 500 },
  )
})

test('ports survive whatever spaces and repetitions they are written with', () => {
  const port = fc.integer({ min: 1, max: 65_535 })
  const padded = fc.tuple(port, fc.constantFrom('', ' ', '  '), fc.constantFrom('', ' ', '\t'))
  fc.assert(
    fc.property(fc.array(padded, { maxLength: 40 }), (list) => {
      const text = list.map(([number, before, after]) => `${before}${number}${after}`).join(',')
      const expected = [...new Set(list.map(([number]) => number))]
      expect(redirectOf({ [`${T}excludeOutboundPorts`]: text }).excludeOutboundPorts).toEqual(
        expected,
      )
      const inbound = redirectOf({ [`${T}excludeInboundPorts`]: text }).excludeInboundPorts
      expect(inbound.slice(0, expected.length)).toEqual(expected)
      expect(inbound).toEqual(expect.arrayContaining([15_020, 15_021, 15_090]))
    }),
  )
})

/** The redirection, or the words of the refusal. */
function outcomeOf(annotations: Record<string, string>): RedirectRequest | string {
  try {
    const redirect = redirectOf(annotations)
    const spec = { failPolicy: 'open', mtls: 'strict', readiness: 'ready', serviceAccount: 'a' }
    return captureSpecSchema.parse({ ...spec, redirect }).redirect
  } catch (error) {
    if (error instanceof PolicyError) return error.message
    throw error
  }
}

function refusal(annotations: Record<string, string>): string {
  const outcome = outcomeOf(annotations)
  expect(outcome).toBeTypeOf('string')
  return outcome as string
}
