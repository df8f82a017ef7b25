import { type Match } from './match.ts'
import { type NamedSet, type Rule, type RuleSet } from './rule-set.ts'

/** The order in which the conditions of a rule are written and compared. */
const matchOrder: readonly Match['kind'][] = [
  'protocol',
  'in-interface',
  'out-interface',
  'source',
  'destination',
  'source-port',
  'destination-port',
  'owner-uid',
  'owner-gid',
  'mark',
  'connection-mark',
  'connection-state',
  'transparent-socket',
  'unknown',
]

/** Sorts conditions, so that two rules that mean the same are written the same. */
export function sortMatches(match: readonly Match[]): readonly Match[] {
  return [...match].sort((a, b) => matchOrder.indexOf(a.kind) - matchOrder.indexOf(b.kind))
}

/** One text per meaning of a rule, without its name: equal text, equal rule. */
export function ruleText(rule: Rule): string {
  const match = sortMatches(rule.match).map((one) =>
    'values' in one && !('set' in one.values)
      ? { ...one, values: [...one.values].map(String).sort() }
      : one,
  )
  return stableText({ families: [...rule.families].sort(), match, verdict: rule.verdict })
}

/** One text per content of a set, without its name. */
export function setText(set: NamedSet): string {
  return stableText({ type: set.type, elements: [...set.elements].map(String).sort() })
}

/** One text per rule set, whatever the order of its chains and sets. */
export function ruleSetText(rules: RuleSet): string {
  const chains = rules.chains.map((chain) => ({
    key: `${chain.table} ${chain.name}`,
    hook: chain.hook ?? null,
    rules: chain.rules.map((rule) => [rule.name, ruleText(rule)]),
  }))
  const sets = rules.sets.map((set) => ({ key: set.name, text: setText(set) }))
  return stableText({
    ...(rules.routing === undefined ? {} : { routing: rules.routing }),
    families: [...rules.families].sort(),
    sets: sets.sort((a, b) => (a.key < b.key ? -1 : 1)),
    chains: chains.sort((a, b) => (a.key < b.key ? -1 : 1)),
  })
}

/** JSON with sorted keys. */
function stableText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
