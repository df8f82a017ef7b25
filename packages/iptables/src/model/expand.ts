import { IptablesError } from '../error.ts'
import { ruleText, sortMatches } from './canonical.ts'
import { describeRule } from './describe.ts'
import { type Match } from './match.ts'
import { type Rule } from './rule-set.ts'

/** Most ports that one `multiport` match of iptables takes. */
const multiport = 15

/**
 * The rules that say the same in a language without lists: one value per condition, or up to 15
 * ports. A list of values becomes one rule each, a list of excluded values one condition each.
 * Sets must have been written out before.
 */
export function expandRule(rule: Rule): readonly Rule[] {
  let heads: readonly (readonly Match[])[] = [[]]
  for (const match of rule.match) {
    const ways = expandMatch(match, rule)
    heads = heads.flatMap((head) => ways.map((way) => [...head, ...way]))
  }
  return heads.map((match) => ({ ...rule, match }))
}

/** The ways in which a condition can hold; each is a list of conditions that must all hold. */
function expandMatch(match: Match, rule: Rule): readonly (readonly Match[])[] {
  if (!('values' in match)) return [[match]]
  if ('set' in match.values) {
    throw new IptablesError('ruleset-invalid', `set ${match.values.set} was not written out`)
  }
  const isPort = match.kind === 'source-port' || match.kind === 'destination-port'
  const single = chunks<string | number>(match.values, isPort ? multiport : 1).map(
    (values) => ({ ...match, values }) as Match,
  )
  if (!match.negate) return single.map((one) => [one])
  const repeatable = isPort || repeatableKinds.has(match.kind)
  if (single.length > 1 && !repeatable) {
    throw new IptablesError(
      'ruleset-invalid',
      `iptables cannot exclude several values at once: ${describeRule(rule)}`,
      { object: rule.name },
    )
  }
  return [single]
}

/** Conditions that iptables takes more than once in one rule, because each is a module's. */
const repeatableKinds: ReadonlySet<Match['kind']> = new Set([
  'owner-uid',
  'owner-gid',
  'mark',
  'connection-mark',
])

function chunks<T>(values: readonly T[], size: number): (readonly T[])[] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  )
}

const listKinds = [
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
] as const

/**
 * The opposite of {@link expandRule}: joins rules of one name that differ in the values of one
 * condition only. Rules that differ in more stay apart.
 */
export function joinRules(rules: readonly Rule[]): readonly Rule[] {
  let joined = rules.map((rule) => ({ ...rule, match: joinMatches(rule.match) }))
  for (const kind of listKinds) {
    const groups = new Map<string, Rule>()
    for (const [index, rule] of joined.entries()) {
      // Without a list to grow, an equal rule is one too many, and the difference must show it.
      const grows = rule.match.some((match) => isListOf(match, kind) && !match.negate)
      const key = grows ? `${rule.name} ${ruleText(withoutValues(rule, kind))}` : String(index)
      const before = groups.get(key)
      groups.set(key, before === undefined ? rule : addValues(before, rule, kind))
    }
    joined = [...groups.values()]
  }
  return joined
}

type ListMatch = Extract<Match, { values: unknown }>

function isListOf(match: Match, kind: string): match is ListMatch {
  return match.kind === kind && 'values' in match && !('set' in match.values)
}

/** Several exclusions of one kind in one rule are one exclusion of several values. */
function joinMatches(matches: readonly Match[]): readonly Match[] {
  const joined: Match[] = []
  for (const match of matches) {
    const at = joined.findIndex(
      (other) => isListOf(other, match.kind) && 'negate' in match && other.negate && match.negate,
    )
    const before = joined[at]
    if (before === undefined) joined.push(match)
    else joined[at] = { ...before, values: [...valuesOf(before), ...valuesOf(match)] } as Match
  }
  return sortMatches(joined)
}

function valuesOf(match: Match): readonly (string | number)[] {
  return 'values' in match && !('set' in match.values) ? match.values : []
}

function withoutValues(rule: Rule, kind: string): Rule {
  const match = rule.match.map((one) =>
    isListOf(one, kind) && !one.negate ? { ...one, values: [] } : one,
  )
  return { ...rule, match }
}

function addValues(before: Rule, rule: Rule, kind: string): Rule {
  const match = before.match.map((one, index) =>
    isListOf(one, kind) && !one.negate
      ? ({ ...one, values: [...valuesOf(one), ...valuesOf(rule.match[index] ?? one)] } as Match)
      : one,
  )
  return { ...before, match }
}
