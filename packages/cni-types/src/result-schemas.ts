import * as z from 'zod/mini'
import { dnsSchema } from './dns.ts'
import { parseCidr, parseIp } from './ip.ts'

const cidr = z.string().check(
  z.refine((text) => parseCidr(text) !== undefined, {
    error: 'expected an address with prefix length, such as 10.1.0.5/24',
  }),
)

// Go reads the empty text as no address.
const ip = z.string().check(
  z.refine((text) => text === '' || parseIp(text) !== undefined, {
    error: 'expected an IP address',
  }),
)

/** A route. Numbers that say "the kernel decides" are left out, but 0 is a table and a scope. */
export const routeSchema = z.looseObject({
  /** Destination, CIDR. */
  dst: cidr,
  /** Next hop; the attachment's gateway when left out. */
  gw: z.optional(ip),
  /** Bytes; since 1.1.0. */
  mtu: z.optional(z.int()),
  /** TCP segment size to announce, bytes; since 1.1.0. */
  advmss: z.optional(z.int()),
  /** Metric; since 1.1.0. */
  priority: z.optional(z.int()),
  /** Routing table; since 1.1.0. */
  table: z.optional(z.int()),
  /** Scope; since 1.1.0. */
  scope: z.optional(z.int()),
})

/** A route. */
export type Route = z.infer<typeof routeSchema>

/** Everything about one family in a result of 0.1.0 or 0.2.0. */
export const ipConfig020Schema = z.looseObject({
  /** The address, CIDR; bits behind the prefix are the host's. */
  ip: cidr,
  /** Default gateway. */
  gateway: z.optional(ip),
  /** Routes of this family. */
  routes: z.optional(z.array(routeSchema)),
})

/** Everything about one family in a result of 0.1.0 or 0.2.0. */
export type IpConfig020 = z.infer<typeof ipConfig020Schema>

/** A result of 0.1.0 or 0.2.0: one address a family, no interfaces. */
export const result020Schema = z.looseObject({
  /** Version the result is written in. */
  cniVersion: z.enum(['0.1.0', '0.2.0']),
  /** IPv4. */
  ip4: z.optional(ipConfig020Schema),
  /** IPv6. */
  ip6: z.optional(ipConfig020Schema),
  /** Settings for a resolver. */
  dns: z.optional(dnsSchema),
})

/** A result of 0.1.0 or 0.2.0: one address a family, no interfaces. */
export type Result020 = z.infer<typeof result020Schema>

/** An interface in a result of 0.3.0 to 0.4.0. */
export const interface040Schema = z.looseObject({
  /** Its name. */
  name: z.string(),
  /** Link-layer address. */
  mac: z.optional(z.string()),
  /** Path of the namespace it is in; left out for the host's. */
  sandbox: z.optional(z.string()),
})

/** An interface in a result of 0.3.0 to 0.4.0. */
export type Interface040 = z.infer<typeof interface040Schema>

/** An address in a result of 0.3.0 to 0.4.0. */
export const ipConfig040Schema = z.looseObject({
  /** `4` or `6`; careless plugins leave it out. */
  version: z.optional(z.string()),
  /** Index into `interfaces`. */
  interface: z.optional(z.int()),
  /** The address, CIDR; bits behind the prefix are the host's. */
  address: cidr,
  /** Default gateway. */
  gateway: z.optional(ip),
})

/** An address in a result of 0.3.0 to 0.4.0. */
export type IpConfig040 = z.infer<typeof ipConfig040Schema>

/** A result of 0.3.0 to 0.4.0. */
export const result040Schema = z.looseObject({
  /** Version the result is written in. */
  cniVersion: z.enum(['0.3.0', '0.3.1', '0.4.0']),
  /** Interfaces that were made, in the container and on the host. */
  interfaces: z.optional(z.array(interface040Schema)),
  /** Addresses. */
  ips: z.optional(z.array(ipConfig040Schema)),
  /** Routes of both families. */
  routes: z.optional(z.array(routeSchema)),
  /** Settings for a resolver. */
  dns: z.optional(dnsSchema),
})

/** A result of 0.3.0 to 0.4.0. */
export type Result040 = z.infer<typeof result040Schema>

/** An interface in a result of 1.0.0 or 1.1.0. */
export const interface100Schema = z.looseObject({
  /** Its name. */
  name: z.string(),
  /** Link-layer address. */
  mac: z.optional(z.string()),
  /** Bytes; since 1.1.0. */
  mtu: z.optional(z.int()),
  /** Path of the namespace it is in; left out for the host's. */
  sandbox: z.optional(z.string()),
  /** Path of the socket of a user-space interface; since 1.1.0. */
  socketPath: z.optional(z.string()),
  /** PCI address of the device; since 1.1.0. */
  pciID: z.optional(z.string()),
})

/** An interface in a result of 1.0.0 or 1.1.0. */
export type Interface100 = z.infer<typeof interface100Schema>

/** An address in a result of 1.0.0 or 1.1.0. */
export const ipConfig100Schema = z.looseObject({
  /** Index into `interfaces`. */
  interface: z.optional(z.int()),
  /** The address, CIDR; bits behind the prefix are the host's. */
  address: cidr,
  /** Default gateway. */
  gateway: z.optional(ip),
})

/** An address in a result of 1.0.0 or 1.1.0. */
export type IpConfig100 = z.infer<typeof ipConfig100Schema>

/** A result of 1.0.0 or 1.1.0. */
export const result100Schema = z.looseObject({
  /** Version the result is written in. */
  cniVersion: z.enum(['1.0.0', '1.1.0']),
  /** Interfaces that were made, in the container and on the host. */
  interfaces: z.optional(z.array(interface100Schema)),
  /** Addresses. */
  ips: z.optional(z.array(ipConfig100Schema)),
  /** Routes of both families. */
  routes: z.optional(z.array(routeSchema)),
  /** Settings for a resolver. */
  dns: z.optional(dnsSchema),
})

/** A result of 1.0.0 or 1.1.0. */
export type Result100 = z.infer<typeof result100Schema>

/** A result of any version; `cniVersion` tells which. Unknown keys are kept. */
export type CniResult = Result020 | Result040 | Result100

/** The result type of one version. */
export type ResultOf<V extends string> = V extends Result020['cniVersion']
  ? Result020
  : V extends Result040['cniVersion']
    ? Result040
    : V extends Result100['cniVersion']
      ? Result100
      : CniResult
