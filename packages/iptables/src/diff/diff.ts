import { type Family } from '../model/family.ts'
import { ruleText, setText } from '../model/canonical.ts'
import { describeRule } from '../model/describe.ts'
import { type Chain, type NamedSet, type Rule, type RuleSet } from '../model/rule-set.ts'

/** What is different: it is gone, not ours to be there, altered, or in another place. */
export type RuleDiffKind = 'missing' | 'extra' | 'changed' | 'reordered'

/** What a difference is about; `policy` is an `ip rule`. */
export type RuleDiffObject = 'table' | 'chain' | 'hook' | 'set' | 'rule' | 'policy' | 'route'

/** One difference between the rules that should be and the rules that are. */
export interface RuleDiff {
  readonly kind: RuleDiffKind
  readonly object: RuleDiffObject
  /** Family of the table for iptables; absent for nf_tables, where one table has both. */
  readonly family?: Family
  /** Chain as `nat output`; absent for sets and tables. */
  readonly chain?: string
  /** Name of the rule, set, chain or table. */
  readonly name: string
  /** What should be there, in words; absent for `extra`. */
  readonly expected?: string
  /** What is there, in words; absent for `missing`. */
  readonly actual?: string
}

/** Compares what should be with what is. Empty when both mean the same. */
export function diffRules(expected: RuleSet, actual: RuleSet): readonly RuleDiff[] {
  return [...diffSets(expected.sets, actual.sets), ...diffChains(expected.chains, actual.chains)]
}

function diffSets(expected: readonly NamedSet[], actual: readonly NamedSet[]): RuleDiff[] {
  return diffNamed(
    expected,
    actual,
    (set) => set.name,
    (name, want, have) => {
      if (want !== undefined && have !== undefined && setText(want) === setText(have)) return []
      return [{ ...sides(want && setWords(want), have && setWords(have)), object: 'set', name }]
    },
  )
}

function diffChains(expected: readonly Chain[], actual: readonly Chain[]): RuleDiff[] {
  const key = (chain: Chain): string => `${chain.table} ${chain.name}`
  return diffNamed(expected, actual, key, (name, want, have): RuleDiff[] => {
    if (want === undefined || have === undefined) {
      const words = (chain: Chain | undefined): string | undefined =>
        chain && `chain with ${chain.rules.length} rules`
      return [{ ...sides(words(want), words(have)), object: 'chain', chain: name, name }]
    }
    const hook: RuleDiff[] =
      want.hook === have.hook
        ? []
        : [{ ...sides(want.hook, have.hook), object: 'hook', chain: name, name }]
    return [...hook, ...diffRuleLists(name, want.rules, have.rules)]
  })
}

function diffRuleLists(
  chain: string,
  expected: readonly Rule[],
  actual: readonly Rule[],
): RuleDiff[] {
  const want = numbered(expected)
  const have = numbered(actual)
  const key = (entry: Numbered): string => entry.key
  const differences = diffNamed(want, have, key, (_, before, after): RuleDiff[] => {
    if (before && after && ruleText(before.rule) === ruleText(after.rule)) return []
    const words = sides(before && describeRule(before.rule), after && describeRule(after.rule))
    return [{ ...words, object: 'rule', chain, name: (before ?? after)?.rule.name ?? '' }]
  })
  const common = new Set(want.map(key).filter((name) => have.some((entry) => entry.key === name)))
  const before = want.map(key).filter((name) => common.has(name))
  const after = have.map(key).filter((name) => common.has(name))
  const inPlace = new Set(longestCommon(before, after))
  const place = (list: readonly string[], name: string): string =>
    `place ${list.indexOf(name) + 1} of ${list.length}`
  for (const { key: name, rule } of want) {
    if (!common.has(name) || inPlace.has(name)) continue
    const words = { expected: place(before, name), actual: place(after, name) }
    differences.push({ kind: 'reordered', object: 'rule', chain, name: rule.name, ...words })
  }
  return differences
}

interface Numbered {
  readonly key: string
  readonly rule: Rule
}

/** Two rules of one name (somebody copied one) must not hide each other. */
function numbered(rules: readonly Rule[]): Numbered[] {
  const seen = new Map<string, number>()
  return rules.map((rule) => {
    const count = (seen.get(rule.name) ?? 0) + 1
    seen.set(rule.name, count)
    return { key: `${rule.name} ${count}`, rule }
  })
}

function diffNamed<T>(
  expected: readonly T[],
  actual: readonly T[],
  key: (item: T) => string,
  compare: (name: string, want: T | undefined, have: T | undefined) => RuleDiff[],
): RuleDiff[] {
  const want = new Map(expected.map((item) => [key(item), item]))
  const have = new Map(actual.map((item) => [key(item), item]))
  const names = new Set([...want.keys(), ...have.keys()])
  return [...names].flatMap((name) => compare(name, want.get(name), have.get(name)))
}

function sides(
  expected: string | undefined,
  actual: string | undefined,
): Pick<RuleDiff, 'kind' | 'expected' | 'actual'> {
  return {
    kind: actual === undefined ? 'missing' : expected === undefined ? 'extra' : 'changed',
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
  }
}

function setWords(set: NamedSet): string {
  return `${set.type} ${set.elements.join(', ')}`
}

/** One longest list of entries that both lists have in the same order. */
function longestCommon(a: readonly string[], b: readonly string[]): readonly string[] {
  // Names are unique in both lists, so this is the longest increasing run of positions.
  const positions = a.map((name) => b.indexOf(name))
  const best: { length: number; previous: number }[] = []
  for (const [index, position] of positions.entries()) {
    let entry = { length: 1, previous: -1 }
    for (let other = 0; other < index; other++) {
      const length = (best[other]?.length ?? 0) + 1
      if ((positions[other] ?? 0) < position && length > entry.length) {
        entry = { length, previous: other }
      }
    }
    best.push(entry)
  }
  let at = best.reduce((top, entry, i) => (entry.length > (best[top]?.length ?? 0) ? i : top), 0)
  const common: string[] = []
  while (at >= 0 && at < a.length) {
    common.unshift(a[at] ?? '')
    at = best[at]?.previous ?? -1
  }
  return common
}
