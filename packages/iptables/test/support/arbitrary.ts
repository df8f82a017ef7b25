import fc from 'fast-check'

import {
  families,
  parseRedirectSpec,
  plan,
  type RedirectSpec,
  type RuleSet,
} from '../../src/index.ts'
import { cidrOf, formatCidr, hostMask } from '../../src/model/cidr.ts'
import { addressBits } from '../../src/model/address.ts'

/** Any block of a family. */
export const cidrOfFamily = (family: 'ipv4' | 'ipv6'): fc.Arbitrary<string> =>
  fc
    .tuple(fc.bigInt(0n, (1n << BigInt(addressBits[family])) - 1n), fc.nat(addressBits[family]))
    .map(([value, prefix]) =>
      formatCidr({ family, prefix, value: value & ~hostMask(family, prefix) }),
    )

/** Any block. */
export const anyCidr: fc.Arbitrary<string> = fc.oneof(cidrOfFamily('ipv4'), cidrOfFamily('ipv6'))

const port = fc.integer({ min: 1, max: 65_535 })
const ports = fc.uniqueArray(port, { maxLength: 40 })
const cidrs = fc.uniqueArray(anyCidr, { maxLength: 12 })
const addresses = fc.uniqueArray(
  anyCidr.map((text) => text.split('/')[0] ?? ''),
  { maxLength: 4 },
)
const owners = fc.uniqueArray(fc.integer({ min: 1, max: 4_294_967_294 }), {
  minLength: 1,
  maxLength: 4,
})
const name = fc.stringMatching(/^[a-z][a-z0-9._@-]{0,14}$/)

/** Any specification, as `parseRedirectSpec` gives it. */
export const anySpec: fc.Arbitrary<RedirectSpec> = fc
  .record({
    families: fc.shuffledSubarray([...families], { minLength: 1 }),
    own: fc.uniqueArray(port, { minLength: 4, maxLength: 4 }),
    mode: fc.constantFrom('REDIRECT' as const, 'TPROXY' as const),
    tproxyMark: fc.integer({ min: 1, max: 0xffff_ffff }),
    tproxyTable: fc.integer({ min: 256, max: 0xffff_ffff }),
    captureDns: fc.oneof(fc.constant('*' as const), fc.constant([]), addresses),
    includeInboundPorts: fc.oneof(fc.constant('*' as const), ports),
    excludeInboundPorts: ports,
    includeOutboundPorts: ports,
    excludeOutboundPorts: ports,
    includeOutboundCidrs: fc.oneof(fc.constant('*' as const), cidrs),
    excludeOutboundCidrs: cidrs,
    excludeInterfaces: fc.uniqueArray(name, { maxLength: 4 }),
    rerouteVirtualInterfaces: fc.uniqueArray(name, { maxLength: 2 }),
    dropInvalid: fc.boolean(),
    proxyUids: owners,
    proxyGids: fc.oneof(owners, fc.constant([])),
    proxyMarks: fc.oneof(fc.constant([] as number[]), owners),
    includeOwnerGroups: fc.oneof(fc.constant('*' as const), owners, fc.constant([])),
    excludeOwnerGroups: fc.oneof(fc.constant([]), owners),
    loopbackCidr: fc.constantFrom('127.0.0.1/32', '127.0.0.0/8', '127.3.0.0/16'),
  })
  .map(({ own, ...rest }) => {
    const [outboundPort, inboundPort, tunnelPort, dnsPort] = own
    const include = rest.includeInboundPorts
    const includeInboundPorts = include === '*' ? include : include.filter((p) => !own.includes(p))
    const proxyMarks = rest.proxyMarks.filter((one) => one !== rest.tproxyMark)
    const input = {
      ...rest,
      proxyMarks,
      includeInboundPorts,
      outboundPort,
      inboundPort,
      tunnelPort,
      dnsPort,
    }
    return parseRedirectSpec(input, { contradictions: 'keep' })
  })

/** What `plan` makes of any specification. */
export const anyPlan: fc.Arbitrary<RuleSet> = anySpec.map((spec) => plan(spec))

/** Whether the block holds the address, counted by hand. */
export function contains(block: string, family: 'ipv4' | 'ipv6', address: bigint): boolean {
  const cidr = cidrOf(block)
  return cidr.family === family && (address & ~hostMask(family, cidr.prefix)) === cidr.value
}
