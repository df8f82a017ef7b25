import { type RuleDiff } from '../diff/diff.ts'
import { type Family } from '../model/family.ts'
import { type ChainRule, type Chains, isIstioChain, isIstioRule } from './state.ts'

/**
 * Compares the chains that should be with those that are. In chains of the kernel only rules count
 * that nobody but Istio makes or that are in `mine`: others belong to others.
 */
export function compareIstio(
  wanted: Chains,
  found: Chains,
  family: Family,
  mine: Chains = wanted,
): readonly RuleDiff[] {
  const keys = new Set([...wanted.keys(), ...found.keys()])
  return [...keys].flatMap((key): RuleDiff[] => {
    const want = wanted.get(key)
    const have = found.get(key)
    if (isIstioChain(key)) {
      if (want !== undefined && have !== undefined) return compareRules(key, want, have, family)
      const kind = want === undefined ? 'extra' : 'missing'
      const words = `chain with ${(want ?? have)?.length ?? 0} rules`
      const side = kind === 'extra' ? { actual: words } : { expected: words }
      return [{ kind, object: 'chain', family, chain: key, name: key, ...side }]
    }
    return compareRules(key, want ?? [], ownRules(mine.get(key) ?? [], have ?? []), family)
  })
}

/** The rules of a chain of the kernel that are Istio's: those in `mine`, and unmistakable ones. */
export function ownRules(
  mine: readonly ChainRule[],
  have: readonly ChainRule[],
): readonly ChainRule[] {
  const known = new Set(mine.map(({ normal }) => normal))
  return have.filter((rule) => isIstioRule(rule) || known.has(rule.normal))
}

function compareRules(
  chain: string,
  want: readonly ChainRule[],
  have: readonly ChainRule[],
  family: Family,
): RuleDiff[] {
  const missing = without(want, have)
  const extra = without(have, want)
  const differences: RuleDiff[] = [
    ...missing.map(({ text }): RuleDiff => ({
      ...{ kind: 'missing', object: 'rule', family, chain },
      ...{ name: text, expected: text },
    })),
    ...extra.map(({ text }): RuleDiff => ({
      ...{ kind: 'extra', object: 'rule', family, chain },
      ...{ name: text, actual: text },
    })),
  ]
  const before = want.filter((one) => !missing.includes(one))
  const after = have.filter((one) => !extra.includes(one))
  const at = before.findIndex((rule, index) => rule.normal !== after[index]?.normal)
  const rule = before[at]
  if (rule === undefined) return differences
  const place = after.findIndex(({ normal }) => normal === rule.normal)
  return [
    ...differences,
    {
      ...{ kind: 'reordered', object: 'rule', family, chain, name: rule.text },
      expected: `place ${at + 1} of ${before.length}`,
      actual: `place ${place + 1} of ${after.length}`,
    },
  ]
}

/** What is left of the first list when each rule of the second takes one equal away. */
function without(rules: readonly ChainRule[], others: readonly ChainRule[]): readonly ChainRule[] {
  const counts = new Map<string, number>()
  for (const { normal } of others) counts.set(normal, (counts.get(normal) ?? 0) + 1)
  return rules.filter(({ normal }) => {
    const count = counts.get(normal) ?? 0
    counts.set(normal, count - 1)
    return count <= 0
  })
}
