import { aggregateCidrs } from '../model/cidr.ts'
import { type Family } from '../model/family.ts'
import { type SetRef } from '../model/match.ts'
import { type NamedSet, type SetType } from '../model/rule-set.ts'

/** Gathers the named sets of a plan while its rules are written. */
export interface SetCollector {
  /** A set of numbers or names, or the values themselves when there is only one. */
  values<T extends number | string>(
    name: string,
    type: SetType,
    values: readonly T[],
  ): readonly T[] | SetRef
  /** A set of the blocks of one family; undefined when there is none. */
  cidrs(name: string, family: Family, cidrs: readonly string[]): SetRef | undefined
  /** Every set so far, in the order of first use. */
  all(): readonly NamedSet[]
}

/** An empty collector. */
export function setCollector(): SetCollector {
  const sets = new Map<string, NamedSet>()
  const add = (set: NamedSet): SetRef => {
    sets.set(set.name, set)
    return { set: set.name }
  }
  return {
    values(name, type, values) {
      if (values.length === 1 && inline.has(type)) return values
      return add({ name, type, elements: sorted(values) })
    },
    cidrs(name, family, cidrs) {
      const elements = aggregateCidrs(family, cidrs)
      return elements.length === 0 ? undefined : add({ name, type: `${family}-cidr`, elements })
    },
    all: () => [...sets.values()],
  }
}

/** Ids, of which there is mostly one, which then needs no set. */
const inline: ReadonlySet<SetType> = new Set(['uid', 'gid', 'mark'])

function sorted<T extends number | string>(values: readonly T[]): readonly T[] {
  return [...new Set(values)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}
