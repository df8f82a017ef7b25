import { type Family } from '../model/family.ts'
import { type AddressMatch, type Match, type ProtocolMatch } from '../model/match.ts'
import { type Chain, type Rule } from '../model/rule-set.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { excludedInterfacesIn, excludedInterfacesOut } from './interfaces.ts'
import { otherOwners, proxyOwners, skipOtherOwners, skipProxy } from './owners.ts'
import { udp } from './protocols.ts'
import { type SetCollector } from './sets.ts'

/** Port of every DNS server. */
export const domainPort = 53

/** Zone of connections between the proxy, or whoever is not captured, and the real servers. */
const serverZone = 1

/** Zone of connections between applications and the proxy. */
const clientZone = 2

const toDomain: Match = { kind: 'destination-port', values: [domainPort], negate: false }

/** Whether any query can be captured. */
export function capturesDns(spec: RedirectSpec): boolean {
  return (
    spec.captureDns.length > 0 &&
    spec.includeOwnerGroups.length > 0 &&
    !spec.excludeOutboundPorts.includes(domainPort)
  )
}

/** The redirections of queries by one protocol. */
export function dnsRedirects(
  spec: RedirectSpec,
  sets: SetCollector,
  protocol: ProtocolMatch,
): Rule[] {
  if (!capturesDns(spec)) return []
  return servers(spec, sets, 'destination').map(({ families, suffix, address }) => ({
    name: `redirect-dns-${protocol.protocol}${suffix}`,
    families,
    match: [protocol, ...address, toDomain],
    verdict: { kind: 'redirect', port: spec.dnsPort },
  }))
}

/** The entry for queries by UDP, of which nothing else is captured. */
export function dnsEntry(spec: RedirectSpec): Rule[] {
  if (!capturesDns(spec)) return []
  const verdict = { kind: 'jump', chain: 'dns' } as const
  return [{ name: 'to-dns', families: spec.families, match: [udp, toDomain], verdict }]
}

/** Where queries by UDP are decided. */
export function dnsChains(spec: RedirectSpec, sets: SetCollector): Chain[] {
  if (!capturesDns(spec)) return []
  const skip = [...skipProxy(spec, sets), ...skipOtherOwners(spec, sets)]
  return [{ table: 'nat', name: 'dns', rules: [...skip, ...dnsRedirects(spec, sets, udp)] }]
}

/**
 * Two zones of connection tracking. A query of the proxy may have the same addresses and ports as
 * one of an application, and must not be taken for it: it would come back to the proxy.
 */
export function zoneChains(spec: RedirectSpec, sets: SetCollector): Chain[] {
  if (!capturesDns(spec)) return []
  const { families } = spec
  const zone = (name: string, match: readonly Match[], id: number): Rule => ({
    name,
    families,
    match: [udp, ...match],
    verdict: { kind: 'zone', zone: id },
  })
  const fromProxy: Match = { kind: 'source-port', values: [spec.dnsPort], negate: false }
  const fromDomain: Match = { kind: 'source-port', values: [domainPort], negate: false }
  const out = [
    // Whatever interface the query was to leave by, the answer comes by lo.
    ...proxyOwners(spec, sets).map(({ label, match }) =>
      zone(`zone-proxy-${label}-answer`, [fromProxy, match], clientZone),
    ),
    ...excludedInterfacesOut(spec, sets),
    ...proxyOwners(spec, sets).map(({ label, match }) =>
      zone(`zone-proxy-${label}-query`, [toDomain, match], serverZone),
    ),
    // Answers do not say whose they are: whoever is not captured shares the zone of servers.
    ...otherOwners(spec, sets).map(({ name, match }) =>
      zone(`zone-${name}`, [toDomain, match], serverZone),
    ),
    ...servers(spec, sets, 'destination').map(({ families, suffix, address }) => ({
      ...zone(`zone-query${suffix}`, [...address, toDomain], clientZone),
      families,
    })),
  ]
  const into = [
    ...excludedInterfacesIn(spec, sets),
    ...servers(spec, sets, 'source').map(({ families, suffix, address }) => ({
      ...zone(`zone-answer${suffix}`, [...address, fromDomain], serverZone),
      families,
    })),
  ]
  return [
    { table: 'raw', name: 'prerouting', hook: 'prerouting', rules: into },
    { table: 'raw', name: 'output', hook: 'output', rules: out },
  ]
}

interface Servers {
  readonly families: readonly Family[]
  /** For names of rules. */
  readonly suffix: string
  /** The condition on the server's address; none when every server is meant. */
  readonly address: readonly AddressMatch[]
}

function servers(
  spec: RedirectSpec,
  sets: SetCollector,
  kind: 'source' | 'destination',
): Servers[] {
  const { captureDns, families } = spec
  if (captureDns === '*') return [{ families, suffix: '', address: [] }]
  const cidrs = captureDns.map((one) => `${one}/${one.includes(':') ? 128 : 32}`)
  return families.flatMap((family): Servers[] => {
    const values = sets.cidrs(`dns_servers_${family}`, family, cidrs)
    if (values === undefined) return []
    return [
      { families: [family], suffix: `-${family}`, address: [{ kind, values, negate: false }] },
    ]
  })
}
