import { IptablesError } from '../error.ts'
import { type Family } from './family.ts'
import { type Match } from './match.ts'
import { type NamedSet, type Rule, type RuleSet } from './rule-set.ts'

/**
 * The part of a rule set for one family, with the sets written out in the rules that use them:
 * what iptables and ip6tables can hold.
 */
export function forFamily(rules: RuleSet, family: Family): RuleSet {
  if (!rules.families.includes(family)) return { families: [], sets: [], chains: [] }
  const sets = new Map(rules.sets.map((set) => [set.name, set]))
  const chains = rules.chains.map((chain) => ({
    ...chain,
    rules: chain.rules
      .filter((rule) => rule.families.includes(family))
      .map((rule): Rule => ({
        ...rule,
        families: [family],
        match: rule.match.map((match) => inline(match, sets)).filter((match) => !isAlways(match)),
      })),
  }))
  return { families: [family], sets: [], chains }
}

/** The set of that name; throws `ruleset-invalid` when there is none. */
export function setNamed(sets: ReadonlyMap<string, NamedSet>, name: string): NamedSet {
  const set = sets.get(name)
  if (set !== undefined) return set
  throw new IptablesError('ruleset-invalid', `rule refers to set ${name}, which does not exist`)
}

/** iptables drops a condition that every address meets, so it is not there to be compared. */
function isAlways(match: Match): boolean {
  if (match.kind !== 'source' && match.kind !== 'destination') return false
  const { values, negate } = match
  return !negate && !('set' in values) && values.some((cidr) => cidr.endsWith('/0'))
}

function inline(match: Match, sets: ReadonlyMap<string, NamedSet>): Match {
  if (!('values' in match) || !('set' in match.values)) return match
  const { elements } = setNamed(sets, match.values.set)
  return { ...match, values: elements } as Match
}
