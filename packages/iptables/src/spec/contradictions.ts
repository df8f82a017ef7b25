import { cidrOf, covers } from '../model/cidr.ts'
import { type SpecIssue } from './issue.ts'
import { type RedirectSpec } from './redirect-spec.ts'

/** What each field says is allowed, but not together. `keep` leaves out what exclusions decide. */
export function contradictionsOf(
  spec: RedirectSpec,
  mode: 'refuse' | 'keep',
): readonly SpecIssue[] {
  const own = [
    ...ownPortClashes(spec),
    ...ownPortsIncluded(spec),
    ...sourceClashes(spec),
    ...nobody(spec),
    ...markClashes(spec),
  ]
  return mode === 'keep'
    ? own
    : [...own, ...entryClashes(spec), ...cidrClashes(spec), ...dnsClashes(spec)]
}

type OwnPort = 'outboundPort' | 'inboundPort' | 'tunnelPort' | 'dnsPort'

function ownPortsOf(spec: RedirectSpec): readonly OwnPort[] {
  const always = ['outboundPort', 'inboundPort', 'tunnelPort'] as const
  return spec.captureDns.length === 0 ? always : [...always, 'dnsPort']
}

function ownPortClashes(spec: RedirectSpec): SpecIssue[] {
  const ownPorts = ownPortsOf(spec)
  return ownPorts.flatMap((field, index) =>
    ownPorts
      .slice(0, index)
      .filter((other) => spec[other] === spec[field])
      .map((other) => ({
        path: field,
        value: spec[field],
        message: `must differ from ${other}, which is the same port`,
      })),
  )
}

/** Connections to the proxy's own ports are not the application's: capturing them makes a loop. */
function ownPortsIncluded(spec: RedirectSpec): SpecIssue[] {
  const included = spec.includeInboundPorts
  if (included === '*') return []
  return included.flatMap((value, index) =>
    ownPortsOf(spec)
      .filter((own) => spec[own] === value)
      .map((own) => ({
        path: `includeInboundPorts[${index}]`,
        value,
        message: `must not be the proxy's own ${own}`,
      })),
  )
}

/** The proxy's own connections to the outside would be routed to this machine. */
function markClashes(spec: RedirectSpec): SpecIssue[] {
  const at = spec.mode === 'TPROXY' ? spec.proxyMarks.indexOf(spec.tproxyMark) : -1
  if (at < 0) return []
  const message = 'must not be tproxyMark, which routes packets to this machine'
  return [{ path: `proxyMarks[${at}]`, value: spec.tproxyMark, message }]
}

/** Without an owner, the proxy's own connections would be sent back to it. */
function nobody(spec: RedirectSpec): SpecIssue[] {
  if (spec.proxyUids.length + spec.proxyGids.length + spec.proxyMarks.length > 0) return []
  const message = 'must have at least one entry when proxyGids and proxyMarks have none'
  return [{ path: 'proxyUids', value: spec.proxyUids, message }]
}

function sourceClashes(spec: RedirectSpec): SpecIssue[] {
  const source = cidrOf(`${spec.inboundSourceIpv4}/32`)
  const clashes: SpecIssue[] = []
  if (spec.families.includes('ipv4') && !covers(cidrOf('127.0.0.0/8'), source)) {
    clashes.push({
      path: 'inboundSourceIpv4',
      value: spec.inboundSourceIpv4,
      message: 'must be within 127.0.0.0/8, so that no packet from outside can have it',
    })
  }
  return clashes
}

function dnsClashes(spec: RedirectSpec): SpecIssue[] {
  const at = spec.excludeOutboundPorts.indexOf(53)
  if (at < 0 || spec.captureDns.length === 0) return []
  const message = 'must not be excluded while captureDns captures it'
  return [{ path: `excludeOutboundPorts[${at}]`, value: 53, message }]
}

function entryClashes(spec: RedirectSpec): SpecIssue[] {
  const pairs = [
    ['includeInboundPorts', 'excludeInboundPorts'],
    ['includeOutboundPorts', 'excludeOutboundPorts'],
    ['includeOwnerGroups', 'excludeOwnerGroups'],
    ['includeOwnerGroups', 'proxyGids'],
    ['rerouteVirtualInterfaces', 'excludeInterfaces'],
  ] as const
  return pairs.flatMap(([include, exclude]) => {
    const included: '*' | readonly (string | number)[] = spec[include]
    if (included === '*') return []
    return spec[exclude].flatMap((value, index) =>
      included.includes(value)
        ? [{ path: `${exclude}[${index}]`, value, message: `must not also be in ${include}` }]
        : [],
    )
  })
}

function cidrClashes(spec: RedirectSpec): SpecIssue[] {
  if (spec.includeOutboundCidrs === '*') return []
  const excluded = spec.excludeOutboundCidrs.map((text) => cidrOf(text))
  return spec.includeOutboundCidrs.flatMap((value, index) => {
    const by = excluded.findIndex((outer) => covers(outer, cidrOf(value)))
    if (by < 0) return []
    const message = `can never be captured: excludeOutboundCidrs[${by}] ${spec.excludeOutboundCidrs[by] ?? ''} covers it`
    return [{ path: `includeOutboundCidrs[${index}]`, value, message }]
  })
}
