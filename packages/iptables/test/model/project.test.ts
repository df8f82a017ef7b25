import fc from 'fast-check'
import { expect, test } from 'vitest'

import { families, forFamily, parseRedirectSpec, plan } from '../../src/index.ts'
import { anyPlan } from '../support/arbitrary.ts'

test('has no set and no rule of the other family', () => {
  fc.assert(
    fc.property(anyPlan, fc.constantFrom(...families), (rules, family) => {
      const projected = forFamily(rules, family)
      expect(projected.sets).toEqual([])
      const all = projected.chains.flatMap((chain) => chain.rules)
      expect(all.every((rule) => rule.families.join() === family)).toBe(true)
      expect(JSON.stringify(all)).not.toContain('"set"')
    }),
  )
})

test('writes the values of sets where they are used', () => {
  const rules = plan(parseRedirectSpec({ excludeInboundPorts: [443, 80] }))
  const inbound = forFamily(rules, 'ipv6').chains.find(({ name }) => name === 'inbound')
  expect(inbound?.rules[1]).toEqual({
    name: 'exclude-inbound-ports',
    families: ['ipv6'],
    match: [
      { kind: 'protocol', protocol: 'tcp' },
      { kind: 'destination-port', values: [80, 443], negate: false },
    ],
    verdict: { kind: 'return' },
  })
})

test('a family that is not captured has nothing', () => {
  const rules = plan(parseRedirectSpec({ families: ['ipv4'] }))
  expect(forFamily(rules, 'ipv6')).toEqual({ families: [], sets: [], chains: [] })
})

test('every address is no condition: iptables would not keep it', () => {
  const rules = plan(parseRedirectSpec({ includeOutboundCidrs: ['0.0.0.0/0', '::/0'] }))
  for (const family of families) {
    const outbound = forFamily(rules, family).chains.find(({ name }) => name === 'outbound')
    expect(outbound?.rules.at(-1)).toMatchObject({
      name: `include-outbound-${family}`,
      match: [],
    })
  }
})

test('a set that is not there is an error', () => {
  const rules = plan(parseRedirectSpec({ excludeInboundPorts: [80] }))
  expect(() => forFamily({ ...rules, sets: [] }, 'ipv4')).toThrow(
    'refers to set exclude_inbound_ports, which does not exist',
  )
})
