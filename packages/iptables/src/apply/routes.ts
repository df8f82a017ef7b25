import { type RuleDiff } from '../diff/diff.ts'
import { IptablesError } from '../error.ts'
import { markText } from '../model/describe.ts'
import { type Family } from '../model/family.ts'
import { type RuleSet } from '../model/rule-set.ts'
import { type CallOptions, type RedirectBackend } from './backend.ts'

/**
 * Number of the protocol that our routing entries carry (`proto` of `ip route`, `protocol` of
 * `ip rule`): by it they are found again, and told from those of others.
 */
export const routeProtocol = 133

/** Where our `ip rule` stands: before the table `main`, whose rule has 32766. */
const policyPriority = 32_000

/** One entry of the routing of a namespace that carries {@link routeProtocol}. */
export type RouteEntry =
  /** An `ip rule`: packets with the mark look into the table. */
  | {
      readonly kind: 'policy'
      readonly family: Family
      readonly priority: number
      readonly mark: number
      /** Bits of the mark that count. */
      readonly mask: number
      readonly table: number
    }
  /** `local default dev lo`: every destination is this machine. */
  | { readonly kind: 'route'; readonly family: Family; readonly table: number }

/**
 * Reads and changes the routing of one network namespace. `ipRouteControl` does it by the program
 * `ip`; a caller with a netlink socket of family NETLINK_ROUTE may do without.
 */
export interface RouteControl {
  /** Every entry that carries {@link routeProtocol}, in both families. */
  list(options?: CallOptions): Promise<readonly RouteEntry[]>
  /** Adds an entry that carries it; one that is there already is a success. */
  add(entry: RouteEntry, options?: CallOptions): Promise<void>
  /** Takes away an entry that carries it; one that is gone already is a success. */
  remove(entry: RouteEntry, options?: CallOptions): Promise<void>
}

/**
 * The same back end, with the routing that TPROXY needs as part of each verb. Routing comes before
 * the rules that mark packets, and goes after them. Rules that need routing are refused
 * (`unsupported`) when there is no `routes`.
 */
export function withRouting(backend: RedirectBackend, routes?: RouteControl): RedirectBackend {
  if (routes === undefined) {
    const check = ({ routing }: RuleSet): void => {
      if (routing === undefined) return
      const text = 'TPROXY needs policy routing: give the back end `routes`, as ipRouteControl()'
      throw new IptablesError('unsupported', text)
    }
    return {
      async apply(rules, call) {
        check(rules)
        await backend.apply(rules, call)
      },
      async verify(rules, call) {
        check(rules)
        return backend.verify(rules, call)
      },
      remove: (call) => backend.remove(call),
    }
  }
  return {
    async apply(rules, call) {
      const { missing, extra } = compare(entriesOf(rules), await routes.list(call))
      for (const entry of missing) await routes.add(entry, call)
      await backend.apply(rules, call)
      for (const entry of extra) await routes.remove(entry, call)
    },
    async verify(rules, call) {
      const verification = await backend.verify(rules, call)
      const { missing, extra } = compare(entriesOf(rules), await routes.list(call))
      const differences = [
        ...verification.differences,
        ...missing.map((entry) => difference('missing', entry)),
        ...extra.map((entry) => difference('extra', entry)),
      ]
      return { ok: differences.length === 0, differences }
    },
    async remove(call) {
      await backend.remove(call)
      const { extra } = compare([], await routes.list(call))
      for (const entry of extra) await routes.remove(entry, call)
    },
  }
}

/** What a rule set needs; the route comes first, so that no packet meets an empty table. */
function entriesOf({ families, routing }: RuleSet): readonly RouteEntry[] {
  if (routing === undefined) return []
  const { mark, table } = routing
  return families.flatMap((family): RouteEntry[] => [
    { kind: 'route', family, table },
    { kind: 'policy', family, priority: policyPriority, mark, mask: 0xffff_ffff, table },
  ])
}

function compare(
  wanted: readonly RouteEntry[],
  found: readonly RouteEntry[],
): { readonly missing: readonly RouteEntry[]; readonly extra: readonly RouteEntry[] } {
  const left = [...found]
  const missing = wanted.filter((entry) => {
    const at = left.findIndex((other) => entryText(other) === entryText(entry))
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  // A rule goes before the route that it leads to.
  const extra = left.sort((a, b) => a.kind.localeCompare(b.kind))
  return { missing, extra }
}

function difference(kind: 'missing' | 'extra', entry: RouteEntry): RuleDiff {
  const words = entryText(entry)
  const side = kind === 'missing' ? { expected: words } : { actual: words }
  return { kind, object: entry.kind, family: entry.family, name: words, ...side }
}

/** An entry in the words of `ip`; entries that are the same have the same. */
export function entryText(entry: RouteEntry): string {
  const family = entry.family === 'ipv4' ? '-4' : '-6'
  return entry.kind === 'route'
    ? `${family} route ${routeWords(entry).join(' ')}`
    : `${family} rule ${policyWords(entry).join(' ')}`
}

/** A route as `ip route add` takes it. */
export function routeWords(entry: Extract<RouteEntry, { kind: 'route' }>): readonly string[] {
  const { table } = entry
  return ['local', 'default', 'dev', 'lo', 'table', String(table), 'proto', String(routeProtocol)]
}

/** A rule as `ip rule add` takes it. */
export function policyWords(entry: Extract<RouteEntry, { kind: 'policy' }>): readonly string[] {
  const { priority, mark, mask, table } = entry
  const bits = mask === 0xffff_ffff ? markText(mark) : `${markText(mark)}/${markText(mask)}`
  return [
    ...['priority', String(priority), 'fwmark', bits, 'lookup', String(table)],
    ...['protocol', String(routeProtocol)],
  ]
}
