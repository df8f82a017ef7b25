import { IptablesError } from '../error.ts'
import { aggregateCidrs, cidrOf, overlaps } from '../model/cidr.ts'
import { type NamedSet, type RuleSet } from '../model/rule-set.ts'
import { plan } from '../plan/plan.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'

/**
 * The rules of {@link plan} with a rule and a set for each list of ports and of blocks, also for
 * the empty ones. Two specifications that differ only in what is in these lists then differ only in
 * the elements of sets, and `apply` of the nf_tables back ends changes these elements, in one
 * transaction, and no rule. A list that is `*` has no set and cannot become another. Throws
 * `spec-invalid` when a loopback block is to be captured, which takes other rules.
 */
export function planFollowing(spec: RedirectSpec): RuleSet {
  refuseLoopback(spec)
  // Something in each list, so that it has its rule, but nothing of the specification, so that the
  // rules are the same for every content.
  const rules = plan({
    ...spec,
    includeInboundPorts: spec.includeInboundPorts === '*' ? '*' : [1],
    excludeInboundPorts: [2],
    includeOutboundPorts: [1],
    excludeOutboundPorts: [2],
    includeOutboundCidrs: spec.includeOutboundCidrs === '*' ? '*' : blocks,
    excludeOutboundCidrs: blocks,
  })
  return { ...rules, sets: rules.sets.map((set) => filled(set, spec)) }
}

/** Documentation addresses (RFC 5737 and RFC 3849), one of each family. */
const blocks = ['192.0.2.1/32', '2001:db8::1/128']

function filled(set: NamedSet, spec: RedirectSpec): NamedSet {
  const elements = elementsFor(set.name, spec)
  return elements === undefined ? set : { ...set, elements }
}

/** The elements of a set that follows a list; undefined for a set that does not. */
function elementsFor(name: string, spec: RedirectSpec): NamedSet['elements'] | undefined {
  const { excludeInboundPorts, excludeOutboundPorts } = spec
  switch (name) {
    case 'include_inbound_ports':
      return without(listOf(spec.includeInboundPorts), excludeInboundPorts)
    case 'exclude_inbound_ports':
      return without(excludeInboundPorts, [])
    case 'include_outbound_ports':
      return without(spec.includeOutboundPorts, excludeOutboundPorts)
    case 'exclude_outbound_ports':
      return without(excludeOutboundPorts, [])
    case 'include_outbound_ipv4':
      return aggregateCidrs('ipv4', listOf(spec.includeOutboundCidrs))
    case 'include_outbound_ipv6':
      return aggregateCidrs('ipv6', listOf(spec.includeOutboundCidrs))
    case 'exclude_outbound_ipv4':
      return aggregateCidrs('ipv4', spec.excludeOutboundCidrs)
    case 'exclude_outbound_ipv6':
      return aggregateCidrs('ipv6', spec.excludeOutboundCidrs)
    default:
      return undefined
  }
}

function listOf<T>(list: '*' | readonly T[]): readonly T[] {
  return list === '*' ? [] : list
}

function without(ports: readonly number[], excluded: readonly number[]): readonly number[] {
  return ports.filter((port) => !excluded.includes(port)).sort((a, b) => a - b)
}

function refuseLoopback(spec: RedirectSpec): void {
  const loopback = [cidrOf('127.0.0.0/8'), cidrOf('::1/128')]
  const found = listOf(spec.includeOutboundCidrs).find((text) => {
    const cidr = cidrOf(text)
    return (
      cidr.prefix > 0 && loopback.some((one) => overlaps(one, cidr) && cidr.prefix >= one.prefix)
    )
  })
  if (found === undefined) return
  const message = `includeOutboundCidrs: ${found} is a loopback block, which needs rules of its own`
  const issue = {
    path: 'includeOutboundCidrs',
    value: found,
    message: 'must not be a loopback block',
  }
  throw new IptablesError('spec-invalid', message, { issues: [issue] })
}
