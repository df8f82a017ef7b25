import { type Match } from '../model/match.ts'
import { type Chain, type Rule } from '../model/rule-set.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { capturedDestinations, excludedCidrs, excludedPorts } from './destinations.ts'
import { tcp } from './protocols.ts'
import { type SetCollector } from './sets.ts'

/** What comes in by an interface to a machine inside the pod; undefined when there is none. */
export function fromVirtualInterface(spec: RedirectSpec, sets: SetCollector): Match | undefined {
  const names = spec.rerouteVirtualInterfaces
  if (names.length === 0) return undefined
  const values = sets.values('reroute_virtual_interfaces', 'interface', names)
  return { kind: 'in-interface', values, negate: false }
}

/** The entry for machines inside the pod: their connections are outbound ones, and nothing else. */
export function virtualEntry(spec: RedirectSpec, sets: SetCollector): Rule[] {
  const { families } = spec
  const match = fromVirtualInterface(spec, sets)
  if (match === undefined) return []
  const skip: Rule = {
    name: 'skip-virtual-interfaces',
    families,
    match: [match],
    verdict: { kind: 'return' },
  }
  if (capturedDestinations(spec, sets).length === 0) return [skip]
  const verdict = { kind: 'jump', chain: 'virtual' } as const
  return [{ name: 'reroute-virtual-interfaces', families, match: [tcp, match], verdict }, skip]
}

/** Where those connections are decided, by the destination alone: no socket here owns them. */
export function virtualChains(spec: RedirectSpec, sets: SetCollector): Chain[] {
  const captured = capturedDestinations(spec, sets)
  if (spec.rerouteVirtualInterfaces.length === 0 || captured.length === 0) return []
  const rules = [...excludedPorts(spec, sets), ...excludedCidrs(spec, sets), ...captured]
  return [{ table: 'nat', name: 'virtual', rules }]
}
