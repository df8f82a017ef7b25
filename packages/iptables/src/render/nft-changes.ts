import { ruleSetText, setText } from '../model/canonical.ts'
import { type Chain, type NamedSet, type RuleSet } from '../model/rule-set.ts'

/** What has to be done to chains and sets so that a table can take other rules. */
export interface NftChanges {
  /** Chains that are there and have to go, or to come again with another hook. */
  readonly staleChains: readonly Chain[]
  readonly newChains: readonly Chain[]
  /** Sets that are there and have to go, or to come again with another type. */
  readonly staleSets: readonly NamedSet[]
  readonly newSets: readonly NamedSet[]
  /** Sets that stay and get other elements. */
  readonly changedSets: readonly ElementChanges[]
  /** Whether nothing but elements of sets changes, so that rules need not be touched. */
  readonly onlyElements: boolean
}

/** What has to be done to the elements of a set. */
interface ElementChanges {
  /** Elements to be taken away; blocks all at once, since they may overlap with the new ones. */
  readonly removed: NamedSet | 'all'
  readonly added: NamedSet
}

/**
 * Compares the chains and sets that are to be with those that are there. A chain that packets enter
 * must stay where it is: the kernel calls all such chains of a hook one after the other, and a
 * packet between two of them, while one chain takes the place of the other, meets the rules of
 * neither. Within one chain it meets the old rules or the new ones.
 */
export function nftChanges(rules: RuleSet, there: RuleSet): NftChanges {
  const isSame = (a: Chain) => (b: Chain) =>
    a.table === b.table && a.name === b.name && a.hook === b.hook
  const isAlike = (a: NamedSet) => (b: NamedSet) => a.name === b.name && a.type === b.type
  const changes = {
    staleChains: there.chains.filter((chain) => !rules.chains.some(isSame(chain))),
    newChains: rules.chains.filter((chain) => !there.chains.some(isSame(chain))),
    staleSets: there.sets.filter((set) => !rules.sets.some(isAlike(set))),
    newSets: rules.sets.filter((set) => !there.sets.some(isAlike(set))),
    changedSets: rules.sets.flatMap((set) => {
      const before = there.sets.find(isAlike(set))
      return before === undefined || setText(before) === setText(set) ? [] : [between(before, set)]
    }),
  }
  const { staleChains, newChains, staleSets, newSets } = changes
  const isSettled = [staleChains, newChains, staleSets, newSets].every((list) => list.length === 0)
  return { ...changes, onlyElements: isSettled && chainsText(rules) === chainsText(there) }
}

function between(before: NamedSet, after: NamedSet): ElementChanges {
  if (after.type.endsWith('-cidr')) return { removed: 'all', added: after }
  const old = new Set(before.elements)
  const wanted = new Set(after.elements)
  const keep = (set: NamedSet, isIn: (value: string | number) => boolean): NamedSet => ({
    ...set,
    elements: set.elements.filter(isIn),
  })
  return {
    removed: keep(before, (value) => !wanted.has(value)),
    added: keep(after, (value) => !old.has(value)),
  }
}

/** One text per meaning of all rules, without the elements of sets. */
function chainsText({ chains }: RuleSet): string {
  return ruleSetText({ families: [], sets: [], chains })
}

/**
 * The sets that have to be there before the rules that use them. Kernels prepare a set of blocks
 * for look-ups after they have put the rules of the same transaction to work: until then it holds
 * nothing.
 */
export function setsInAdvance(rules: RuleSet, there: RuleSet): readonly NamedSet[] {
  const isTaken = ({ name }: NamedSet): boolean => there.sets.some((set) => set.name === name)
  return nftChanges(rules, there).newSets.filter(
    (set) => set.type.endsWith('-cidr') && !isTaken(set),
  )
}
