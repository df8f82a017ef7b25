import { type Match } from '../model/match.ts'
import { type Rule } from '../model/rule-set.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { type SetCollector } from './sets.ts'

/** Traffic of these interfaces is left alone on arrival. */
export function excludedInterfacesIn(spec: RedirectSpec, sets: SetCollector): Rule[] {
  const { families, excludeInterfaces: names } = spec
  if (names.length === 0) return []
  const values = sets.values('exclude_interfaces', 'interface', names)
  const match: Match[] = [{ kind: 'in-interface', values, negate: false }]
  return [{ name: 'exclude-interfaces-in', families, match, verdict: { kind: 'return' } }]
}

/** Traffic of these interfaces is left alone on departure. */
export function excludedInterfacesOut(spec: RedirectSpec, sets: SetCollector): Rule[] {
  const { families, excludeInterfaces: names } = spec
  if (names.length === 0) return []
  const values = sets.values('exclude_interfaces', 'interface', names)
  const match: Match[] = [{ kind: 'out-interface', values, negate: false }]
  return [{ name: 'exclude-interfaces-out', families, match, verdict: { kind: 'return' } }]
}
