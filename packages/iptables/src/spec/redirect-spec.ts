import { z } from 'zod'

import { IptablesError } from '../error.ts'
import { cidrOf, covers } from '../model/cidr.ts'
import { contradictionsOf } from './contradictions.ts'
import {
  addressesOrAll,
  addressOf,
  cidr,
  cidrs,
  cidrsOrAll,
  familyList,
  groups,
  groupsOrAll,
  interfaces,
  mark,
  marks,
  owners,
  port,
  ports,
  portsOrAll,
  routingTable,
} from './fields.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { issuesOf, messageOf } from './report.ts'
import { type Family } from '../model/family.ts'

/** What to redirect, and what to leave alone. Lists have no duplicates; text is canonical. */
export interface RedirectSpec {
  /**
   * How inbound connections reach the proxy. `REDIRECT` (the default) changes their destination;
   * `TPROXY` leaves them as they are, for a proxy whose sockets have IP_TRANSPARENT. What the pod
   * sends is redirected in both modes.
   */
  readonly mode: 'REDIRECT' | 'TPROXY'
  /**
   * Mark of captured packets, and of the sockets (SO_MARK) by which the proxy connects to the
   * application from the address of the client. For TPROXY. Default 1337.
   */
  readonly tproxyMark: number
  /** Routing table that leads packets with that mark to this machine. For TPROXY. Default 133. */
  readonly tproxyTable: number
  /** Families to capture; traffic of the others is left alone. Default: both. */
  readonly families: readonly Family[]
  /** Port on which the proxy takes connections from the application. Default 15001. */
  readonly outboundPort: number
  /** Port on which the proxy takes connections to the application. Default 15006. */
  readonly inboundPort: number
  /** Port of the proxy for tunnels (HBONE) from other proxies; never captured. Default 15008. */
  readonly tunnelPort: number
  /** Port on which the proxy takes DNS queries, by UDP and TCP. Default 15053. */
  readonly dnsPort: number
  /**
   * Servers, by address, to which DNS queries (port 53, UDP and TCP) are captured, at loopback
   * addresses too; `*` is all servers, an empty list none. Lists of addresses and ports do not
   * matter to them. Default none.
   */
  readonly captureDns: '*' | readonly string[]
  /** Inbound TCP ports to capture; `*` is all, an empty list none. Default `*`. */
  readonly includeInboundPorts: '*' | readonly number[]
  /** Inbound TCP ports left alone although `includeInboundPorts` is `*`. Default none. */
  readonly excludeInboundPorts: readonly number[]
  /** Outbound TCP ports to capture whatever the address. Default none. */
  readonly includeOutboundPorts: readonly number[]
  /** Outbound ports never captured; stronger than every include. Default none. */
  readonly excludeOutboundPorts: readonly number[]
  /** Destinations whose TCP connections are captured; `*` is all, an empty list none. Default `*`. */
  readonly includeOutboundCidrs: '*' | readonly string[]
  /** Destinations never captured; stronger than every include. Default none. */
  readonly excludeOutboundCidrs: readonly string[]
  /** Interfaces whose traffic, in and out, is left alone. Default none. */
  readonly excludeInterfaces: readonly string[]
  /**
   * Interfaces to machines inside the pod (virtual machines, containers of containers): what comes
   * in by them is treated as if the pod sent it. Default none.
   */
  readonly rerouteVirtualInterfaces: readonly string[]
  /**
   * Whether packets that connection tracking calls invalid are dropped on arrival, instead of
   * passing the proxy by and ending its connections with a reset. Default false.
   */
  readonly dropInvalid: boolean
  /** Users the proxy runs as: their own traffic is not captured. Not root. Default 1337. */
  readonly proxyUids: readonly number[]
  /** Groups the proxy runs as, with the same effect; users or groups may be none. Default 1337. */
  readonly proxyGids: readonly number[]
  /**
   * Marks that the proxy puts on its sockets (SO_MARK), with the same effect. Whoever may set marks
   * (CAP_NET_ADMIN or CAP_NET_RAW) is not captured either. Default none.
   */
  readonly proxyMarks: readonly number[]
  /**
   * Groups whose processes' connections are captured; `*` is all, an empty list none. The group is
   * the one of the process when it made the socket; supplementary groups do not count. Default `*`.
   */
  readonly includeOwnerGroups: '*' | readonly number[]
  /** Groups whose processes' connections are never captured. Default none. */
  readonly excludeOwnerGroups: readonly number[]
  /** IPv4 addresses that are the loopback: never captured. Within 127.0.0.0/8. Default 127.0.0.1/32. */
  readonly loopbackCidr: string
  /** Address from which the proxy connects to the application by IPv4. Default 127.0.0.6. */
  readonly inboundSourceIpv4: string
  /** Address from which the proxy connects to the application by IPv6; on `lo`. Default ::6. */
  readonly inboundSourceIpv6: string
}

const loopback = '127.0.0.0/8'

const schema = z.strictObject(
  {
    mode: z
      .enum(['REDIRECT', 'TPROXY'], { error: 'must be "REDIRECT" or "TPROXY"' })
      .default('REDIRECT'),
    tproxyMark: mark.default(1337),
    tproxyTable: routingTable.default(133),
    families: familyList.default(['ipv4', 'ipv6']),
    outboundPort: port.default(15_001),
    inboundPort: port.default(15_006),
    tunnelPort: port.default(15_008),
    dnsPort: port.default(15_053),
    captureDns: addressesOrAll.default([]),
    includeInboundPorts: portsOrAll.default('*'),
    excludeInboundPorts: ports.default([]),
    includeOutboundPorts: ports.default([]),
    excludeOutboundPorts: ports.default([]),
    includeOutboundCidrs: cidrsOrAll.default('*'),
    excludeOutboundCidrs: cidrs.default([]),
    excludeInterfaces: interfaces.default([]),
    rerouteVirtualInterfaces: interfaces.default([]),
    dropInvalid: z.boolean({ error: 'must be true or false' }).default(false),
    proxyUids: owners.default([1337]),
    proxyGids: owners.default([1337]),
    proxyMarks: marks.default([]),
    includeOwnerGroups: groupsOrAll.default('*'),
    excludeOwnerGroups: groups.default([]),
    loopbackCidr: cidr
      .refine((text) => covers(cidrOf(loopback), cidrOf(text)), `must be within ${loopback}`)
      .default('127.0.0.1/32'),
    inboundSourceIpv4: addressOf('ipv4', '127.0.0.6').default('127.0.0.6'),
    inboundSourceIpv6: addressOf('ipv6', '::6').default('::6'),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined) },
)

/** How strict {@link parseRedirectSpec} is. */
export interface ParseSpecOptions {
  /**
   * What to do with inputs that say two things about the same port or address. `refuse` (the
   * default) makes them an error; `keep` lets the exclusion win, as Istio does.
   */
  readonly contradictions?: 'refuse' | 'keep'
}

/**
 * Reads a specification from outside: every field may be absent, none may be unknown.
 * Throws IptablesError `spec-invalid` whose `issues` name each fault.
 */
export function parseRedirectSpec(input: unknown, options: ParseSpecOptions = {}): RedirectSpec {
  const parsed = schema.safeParse(input)
  const issues = parsed.success
    ? contradictionsOf(parsed.data, options.contradictions ?? 'refuse')
    : issuesOf(parsed.error, input, Object.keys(schema.shape))
  if (!parsed.success || issues.length > 0) {
    throw new IptablesError('spec-invalid', messageOf(issues), { issues, cause: parsed.error })
  }
  return parsed.data
}

/**
 * The JSON Schema (draft 2020-12) of what {@link parseRedirectSpec} takes. It says less than the
 * parser: repetitions and contradictions are found by that only.
 */
export function redirectSpecJsonSchema(): Readonly<Record<string, unknown>> {
  return jsonSchemaOf(schema)
}
