import { IptablesError } from '../error.ts'
import { type IstioConfig } from '../istio/config.ts'
import { noOwnerNames, type OwnerIds } from '../istio/normal-form.ts'
import { formatAddress, parseAddress } from '../model/address.ts'
import { formatCidr, parseCidr } from '../model/cidr.ts'
import { type SpecIssue } from '../spec/issue.ts'
import { parseRedirectSpec, type RedirectSpec } from '../spec/redirect-spec.ts'
import { messageOf } from '../spec/report.ts'

/**
 * The specification that means what Istio's flags say. Repetitions and what exclusions decide are
 * left out. Throws `spec-invalid` naming the flags that have no counterpart.
 */
export function specOfIstio(config: IstioConfig, ids: OwnerIds = noOwnerNames): RedirectSpec {
  const issues: SpecIssue[] = []
  const refuse = (path: string, value: unknown, message: string): void =>
    void issues.push({ path, value, message })
  const owners = (path: string, texts: readonly string[], kind: 'uid' | 'gid'): number[] =>
    unique(texts).flatMap((text) => {
      const id = /^\d+$/.test(text) ? Number(text) : ids[kind](text)
      if (id === undefined) refuse(path, text, 'must be a number, or a name that this machine has')
      return id === undefined ? [] : [id]
    })
  const proxyUids = owners('--proxy-uid', config.proxyUids, 'uid')
  const proxyGids = owners('--proxy-gid', config.proxyGids, 'gid')
  const { includeOwnerGroups: groups } = config
  const groupVariable = 'ISTIO_OUTBOUND_OWNER_GROUPS'
  const includeOwnerGroups = groups === '*' ? '*' : owners(groupVariable, groups, 'gid')
  const excludeOwnerGroups =
    groups === '*' ? owners(`${groupVariable}_EXCLUDE`, config.excludeOwnerGroups, 'gid') : []
  if (issues.length > 0) throw new IptablesError('spec-invalid', messageOf(issues), { issues })
  const { includeInboundPorts: inbound, includeOutboundCidrs: cidrs } = config
  return parseRedirectSpec(
    {
      mode: config.mode,
      tproxyMark: config.tproxyMark,
      tproxyTable: config.tproxyRouteTable,
      families: config.enableIpv6 ? ['ipv4', 'ipv6'] : ['ipv4'],
      outboundPort: config.outboundPort,
      inboundPort: config.inboundPort,
      tunnelPort: config.tunnelPort,
      includeInboundPorts: inbound === '*' ? '*' : unique(inbound ?? []),
      // Istio heeds them only beside `*`; without, they would say nothing.
      excludeInboundPorts: inbound === '*' ? unique(config.excludeInboundPorts) : [],
      includeOutboundPorts: unique(config.includeOutboundPorts),
      excludeOutboundPorts: unique(config.excludeOutboundPorts),
      includeOutboundCidrs: cidrs === '*' ? '*' : unique(cidrs.map(blockOf)),
      excludeOutboundCidrs: unique(config.excludeOutboundCidrs.map(blockOf)),
      excludeInterfaces: unique(config.excludeInterfaces),
      rerouteVirtualInterfaces: unique(config.virtualInterfaces),
      captureDns: dnsOf(config),
      dropInvalid: config.dropInvalid,
      proxyUids: unique(proxyUids),
      proxyGids: unique(proxyGids),
      includeOwnerGroups: includeOwnerGroups === '*' ? '*' : unique(includeOwnerGroups),
      excludeOwnerGroups: unique(excludeOwnerGroups),
      loopbackCidr: blockOf(config.loopbackCidr),
    },
    { contradictions: 'keep' },
  )
}

/** Whose DNS is captured: servers of a family that is not captured are out of reach. */
function dnsOf(config: IstioConfig): '*' | string[] {
  if (!config.redirectDns) return []
  if (config.captureAllDns) return '*'
  const servers = config.dnsServers.map((server) => parseAddress(server))
  return unique(
    servers
      .filter((server) => server !== undefined)
      .filter(({ family }) => family === 'ipv4' || config.enableIpv6)
      .map((server) => formatAddress(server)),
  )
}

/** The fields of a specification that Istio's program has a counterpart of. */
const known: ReadonlySet<string> = new Set([
  'mode',
  'tproxyMark',
  'tproxyTable',
  'families',
  'outboundPort',
  'inboundPort',
  'tunnelPort',
  'includeInboundPorts',
  'excludeInboundPorts',
  'includeOutboundPorts',
  'excludeOutboundPorts',
  'includeOutboundCidrs',
  'excludeOutboundCidrs',
  'excludeInterfaces',
  'rerouteVirtualInterfaces',
  'dropInvalid',
  'captureDns',
  'proxyUids',
  'proxyGids',
  'includeOwnerGroups',
  'excludeOwnerGroups',
  'loopbackCidr',
])

/**
 * What Istio's program would be told to do what the specification says. Throws `spec-invalid`
 * naming the fields that it has no flag for.
 */
export function istioOfSpec(spec: RedirectSpec): IstioConfig {
  const defaults = parseRedirectSpec({})
  const issues = Object.entries(spec)
    .filter(([field, value]) => {
      const usual: unknown = defaults[field as keyof RedirectSpec]
      return !known.has(field) && JSON.stringify(value) !== JSON.stringify(usual)
    })
    .map(([path, value]): SpecIssue => ({
      path,
      value: value as unknown,
      message: 'has no counterpart in Istio and must be left out with --compat istio',
    }))
  if (!spec.families.includes('ipv4')) {
    const message = 'must have "ipv4" with --compat istio, which cannot leave it out'
    issues.push({ path: 'families', value: spec.families, message })
  }
  if (issues.length > 0) throw new IptablesError('spec-invalid', messageOf(issues), { issues })
  const inbound = spec.includeInboundPorts
  return {
    enableIpv6: spec.families.includes('ipv6'),
    mode: spec.mode,
    outboundPort: spec.outboundPort,
    inboundPort: spec.inboundPort,
    tunnelPort: spec.tunnelPort,
    proxyUids: spec.proxyUids.map(String),
    proxyGids: spec.proxyGids.map(String),
    tproxyMark: spec.tproxyMark,
    tproxyRouteTable: spec.tproxyTable,
    includeInboundPorts: inbound !== '*' && inbound.length === 0 ? undefined : inbound,
    excludeInboundPorts: spec.excludeInboundPorts,
    includeOutboundPorts: spec.includeOutboundPorts,
    excludeOutboundPorts: spec.excludeOutboundPorts,
    includeOutboundCidrs: spec.includeOutboundCidrs,
    excludeOutboundCidrs: spec.excludeOutboundCidrs,
    excludeInterfaces: spec.excludeInterfaces,
    virtualInterfaces: spec.rerouteVirtualInterfaces,
    includeOwnerGroups: spec.includeOwnerGroups === '*' ? '*' : spec.includeOwnerGroups.map(String),
    excludeOwnerGroups: spec.excludeOwnerGroups.map(String),
    redirectDns: spec.captureDns === '*' || spec.captureDns.length > 0,
    captureAllDns: spec.captureDns === '*',
    dnsServers: spec.captureDns === '*' ? [] : spec.captureDns,
    dropInvalid: spec.dropInvalid,
    loopbackCidr: spec.loopbackCidr,
  }
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}

/** A block without the bits behind its prefix. */
function blockOf(text: string): string {
  const cidr = parseCidr(text)
  return cidr === undefined ? text : formatCidr(cidr)
}
