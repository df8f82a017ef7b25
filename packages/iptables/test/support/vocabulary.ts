import { type Match, type Rule, type RuleSet, type Verdict } from '../../src/index.ts'

const tcp: Match = { kind: 'protocol', protocol: 'tcp' }

/** Each kind of verdict. */
export const verdicts: readonly Verdict[] = [
  { kind: 'return' },
  { kind: 'drop' },
  { kind: 'jump', chain: 'virtual' },
  { kind: 'redirect', port: 15_001 },
  { kind: 'tproxy', port: 15_006, mark: 0x539 },
  { kind: 'set-mark', mark: 4_294_967_295 },
  { kind: 'save-mark' },
  { kind: 'restore-mark' },
  { kind: 'zone', zone: 65_535 },
]

const matches: readonly (readonly Match[])[] = [
  [tcp],
  [{ kind: 'protocol', protocol: 'udp' }],
  [{ kind: 'mark', values: [0x539], negate: false }],
  [{ kind: 'mark', values: { set: 'marks' }, negate: false }],
  [{ kind: 'mark', values: { set: 'marks' }, negate: true }],
  [{ kind: 'connection-mark', values: [1], negate: true }],
  [{ kind: 'owner-gid', values: { set: 'groups' }, negate: true }],
  [{ kind: 'connection-state', states: ['invalid'] }],
  [tcp, { kind: 'connection-state', states: ['established', 'related'] }],
  [tcp, { kind: 'transparent-socket' }],
]

/** A rule for each verdict, then one for each condition. */
export const rules: readonly Rule[] = [
  ...verdicts.map((verdict, at): Rule => ({
    name: `verdict-${at}`,
    families: ['ipv4', 'ipv6'],
    match: [tcp],
    verdict,
  })),
  ...matches.map((match, at): Rule => ({
    name: `match-${at}`,
    families: ['ipv4', 'ipv6'],
    match,
    verdict: { kind: 'return' },
  })),
]

/** A rule set with every word of the model in it. */
export const everything: RuleSet = {
  families: ['ipv4', 'ipv6'],
  sets: [
    { name: 'marks', type: 'mark', elements: [1, 2, 0xffff_ffff] },
    { name: 'groups', type: 'gid', elements: [0, 7] },
  ],
  chains: [
    { table: 'mangle', name: 'output', hook: 'output', rules },
    { table: 'mangle', name: 'virtual', rules: [] },
  ],
}

/**
 * The same for some families, in chains where the kernel takes it: the redirection in `nat`, the
 * hand-over in `mangle`, the zone in `raw`.
 */
export function everythingFor(families: RuleSet['families']): RuleSet {
  const table = ({ verdict }: Rule): 'nat' | 'raw' | 'mangle' =>
    verdict.kind === 'redirect' ? 'nat' : verdict.kind === 'zone' ? 'raw' : 'mangle'
  const virtual = { table: 'mangle', name: 'virtual', rules: [] } as const
  const chains = (['raw', 'mangle', 'nat'] as const).map((one) => ({
    table: one,
    name: 'prerouting' as const,
    hook: 'prerouting' as const,
    rules: rules.filter((rule) => table(rule) === one).map((rule) => ({ ...rule, families })),
  }))
  return { families, sets: everything.sets, chains: [...chains, virtual] }
}
