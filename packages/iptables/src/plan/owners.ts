import { type Match } from '../model/match.ts'
import { type Rule } from '../model/rule-set.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { type SetCollector } from './sets.ts'

/** One way of knowing a packet of the proxy. */
export interface ProxyOwner {
  readonly label: 'uid' | 'gid' | 'mark'
  readonly match: Match
}

/** Every way in which the proxy's own packets are known. */
export function proxyOwners(spec: RedirectSpec, sets: SetCollector): readonly ProxyOwner[] {
  const ids = { uid: spec.proxyUids, gid: spec.proxyGids, mark: spec.proxyMarks } as const
  return (['uid', 'gid', 'mark'] as const).flatMap((label): ProxyOwner[] => {
    if (ids[label].length === 0) return []
    const values = sets.values(`proxy_${label}s`, label, ids[label])
    const kind = label === 'mark' ? label : (`owner-${label}` as const)
    return [{ label, match: { kind, values, negate: false } }]
  })
}

/** The proxy's own packets leave the chain. */
export function skipProxy(spec: RedirectSpec, sets: SetCollector): Rule[] {
  return proxyOwners(spec, sets).map(({ label, match }) => ({
    name: `skip-proxy-${label}`,
    families: spec.families,
    match: [match],
    verdict: { kind: 'return' },
  }))
}

/** What tells the packets of groups whose connections are not captured, by name of the rule. */
export function otherOwners(
  spec: RedirectSpec,
  sets: SetCollector,
): readonly { readonly name: string; readonly match: Match }[] {
  const { includeOwnerGroups: include, excludeOwnerGroups: exclude } = spec
  const owners: { readonly name: string; readonly match: Match }[] = []
  if (exclude.length > 0) {
    const values = sets.values('exclude_owner_groups', 'gid', exclude)
    const match: Match = { kind: 'owner-gid', values, negate: false }
    owners.push({ name: 'exclude-owner-groups', match })
  }
  if (include !== '*' && include.length > 0) {
    const values = sets.values('include_owner_groups', 'gid', include)
    const match: Match = { kind: 'owner-gid', values, negate: true }
    owners.push({ name: 'skip-other-owner-groups', match })
  }
  return owners
}

/** Packets of groups whose connections are not captured leave the chain. */
export function skipOtherOwners(spec: RedirectSpec, sets: SetCollector): Rule[] {
  return otherOwners(spec, sets).map(({ name, match }) => ({
    name,
    families: spec.families,
    match: [match],
    verdict: { kind: 'return' },
  }))
}
