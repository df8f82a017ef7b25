import fc from 'fast-check'
import { type CniResult, type CniVersion, cniVersions, formatCidr, formatIp } from '../src/index.ts'

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })

/** IPv4 addresses. */
export const ipv4 = bytes(4).map((b) => ({ form: 'ipv4' as const, bytes: b }))

/** IPv6 addresses, some with long runs of zeros, some IPv4-mapped. */
export const ipv6 = fc
  .oneof(
    bytes(16),
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
      .map((b) => Uint8Array.from(b)),
    bytes(4).map((b) => Uint8Array.from([...new Array<number>(10).fill(0), 255, 255, ...b])),
  )
  .map((b) => ({ form: 'ipv6' as const, bytes: b }))

const gateway = fc.oneof(ipv4, ipv6).map(formatIp)
const cidr4 = fc
  .tuple(ipv4, fc.integer({ min: 0, max: 32 }))
  .map(([ip, prefixLength]) => formatCidr({ ...ip, prefixLength }))
const cidr6 = fc
  .tuple(ipv6, fc.integer({ min: 0, max: 128 }))
  .map(([ip, prefixLength]) => formatCidr({ ...ip, prefixLength }))

/** CIDRs of either family. */
export const cidr = fc.oneof(cidr4, cidr6)

/** Keys that no version of the specification knows, `__proto__` among them. */
export const unknownKeys = fc.dictionary(
  fc.oneof(
    fc.string({ minLength: 1, maxLength: 8 }).map((key) => `x-${key}`),
    fc.constantFrom('__proto__', 'constructor', '7', 'toJSON'),
  ),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  { maxKeys: 2 },
)

function loose<T extends object>(
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
  required: (keyof T)[],
): fc.Arbitrary<T> {
  return fc
    .tuple(fc.record(fields, { requiredKeys: required as [] }), unknownKeys)
    .map(([known, unknown]) => ({ ...known, ...unknown }) as unknown as T)
}

const text = fc.string({ maxLength: 8 })
const dns = loose(
  {
    nameservers: fc.array(gateway, { maxLength: 2 }),
    domain: text,
    search: fc.array(text, { maxLength: 2 }),
    options: fc.array(text, { maxLength: 2 }),
  },
  [],
)
const small = fc.integer({ min: -1, max: 70_000 })
const route = (dst: fc.Arbitrary<string>): fc.Arbitrary<{ dst: string }> =>
  loose(
    { dst, gw: gateway, mtu: small, advmss: small, priority: small, table: small, scope: small },
    ['dst'],
  )
const plainRoute = (dst: fc.Arbitrary<string>): fc.Arbitrary<{ dst: string }> =>
  loose({ dst, gw: gateway }, ['dst'])
const some = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(item, { minLength: 1, maxLength: 3 })

const interface040 = loose({ name: text, mac: text, sandbox: text }, ['name'])
const interface100 = loose(
  { name: text, mac: text, mtu: small, sandbox: text, socketPath: text, pciID: text },
  ['name'],
)
const index = fc.integer({ min: 0, max: 3 })
const ip040 = fc.oneof(
  ...(['4', '6'] as const).map((version) =>
    loose(
      {
        version: fc.constant(version),
        interface: index,
        // An IPv4-mapped address would be of version 4.
        address:
          version === '4' ? cidr4 : cidr6.filter((address) => !address.startsWith('::ffff:')),
        gateway,
      },
      ['version', 'address'],
    ),
  ),
)
const ip100 = loose({ interface: index, address: cidr, gateway }, ['address'])
const ipConfig020 = (cidrs: fc.Arbitrary<string>): fc.Arbitrary<{ ip: string }> =>
  loose({ ip: cidrs, gateway, routes: some(plainRoute(cidrs)) }, ['ip'])
const notMapped = cidr6.filter((address) => !address.startsWith('::ffff:'))

/** Results as careful plugins of the three families write them. */
export const families = {
  '0.2.0': loose(
    {
      cniVersion: fc.constantFrom('0.1.0' as const, '0.2.0' as const),
      ip4: ipConfig020(cidr4),
      ip6: ipConfig020(notMapped),
      dns,
    },
    ['cniVersion', 'dns'],
  ),
  '0.4.0': loose(
    {
      cniVersion: fc.constantFrom('0.3.0' as const, '0.3.1' as const, '0.4.0' as const),
      interfaces: some(interface040),
      ips: some(ip040),
      routes: some(route(cidr)),
      dns,
    },
    ['cniVersion', 'dns'],
  ),
  '1.1.0': loose(
    {
      cniVersion: fc.constantFrom('1.0.0' as const, '1.1.0' as const),
      interfaces: some(interface100),
      ips: some(ip100),
      routes: some(route(cidr)),
      dns,
    },
    ['cniVersion'],
  ),
}

/** Results of any version. */
export const anyResult: fc.Arbitrary<CniResult> = fc.oneof(
  families['0.2.0'],
  families['0.4.0'],
  families['1.1.0'],
)

/** Versions of the specification. */
export const anyVersion: fc.Arbitrary<CniVersion> = fc.constantFrom(...cniVersions)
