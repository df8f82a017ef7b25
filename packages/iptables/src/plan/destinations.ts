import { type Match } from '../model/match.ts'
import { type Rule } from '../model/rule-set.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { tcp } from './protocols.ts'
import { type SetCollector } from './sets.ts'

const leave = { kind: 'return' } as const
const toCapture = { kind: 'jump', chain: 'capture-outbound' } as const

/** Ports that are never captured. */
export function excludedPorts(spec: RedirectSpec, sets: SetCollector): Rule[] {
  if (spec.excludeOutboundPorts.length === 0) return []
  const values = sets.values('exclude_outbound_ports', 'port', spec.excludeOutboundPorts)
  const match: Match[] = [tcp, { kind: 'destination-port', values, negate: false }]
  return [{ name: 'exclude-outbound-ports', families: spec.families, match, verdict: leave }]
}

/** Destinations that are never captured. */
export function excludedCidrs(spec: RedirectSpec, sets: SetCollector): Rule[] {
  return cidrRules(spec, sets, 'exclude', spec.excludeOutboundCidrs, leave)
}

/** The rules that send captured destinations to the redirection; none when nothing is captured. */
export function capturedDestinations(spec: RedirectSpec, sets: SetCollector): Rule[] {
  const { families, includeOutboundCidrs: cidrs } = spec
  if (spec.includeOwnerGroups.length === 0) return []
  const rules: Rule[] = []
  const ports = spec.includeOutboundPorts.filter((p) => !spec.excludeOutboundPorts.includes(p))
  if (ports.length > 0 && cidrs !== '*') {
    const values = sets.values('include_outbound_ports', 'port', ports)
    const match: Match[] = [tcp, { kind: 'destination-port', values, negate: false }]
    rules.push({ name: 'include-outbound-ports', families, match, verdict: toCapture })
  }
  if (cidrs === '*') {
    rules.push({ name: 'capture-outbound-rest', families, match: [], verdict: toCapture })
  } else {
    rules.push(...cidrRules(spec, sets, 'include', cidrs, toCapture))
  }
  return rules
}

function cidrRules(
  spec: RedirectSpec,
  sets: SetCollector,
  verb: 'include' | 'exclude',
  cidrs: readonly string[],
  verdict: Rule['verdict'],
): Rule[] {
  return spec.families.flatMap((family): Rule[] => {
    const values = sets.cidrs(`${verb}_outbound_${family}`, family, cidrs)
    if (values === undefined) return []
    const match: Match[] = [{ kind: 'destination', values, negate: false }]
    return [{ name: `${verb}-outbound-${family}`, families: [family], match, verdict }]
  })
}
