import { IptablesError } from '../error.ts'
import { iptablesChain } from '../model/chain-names.ts'
import { commentOf } from '../model/comment.ts'
import { expandRule } from '../model/expand.ts'
import { type Family } from '../model/family.ts'
import { forFamily } from '../model/project.ts'
import { type Chain, type Rule, type RuleSet, type TableName } from '../model/rule-set.ts'
import { iptablesMatch, iptablesVerdict } from './iptables-words.ts'

/** What of ours a namespace has already in one family, as `parseSave` found it. */
export interface ExistingRules {
  readonly tables: readonly ExistingTable[]
}

/** What of ours one table has already. */
export interface ExistingTable {
  readonly table: TableName
  /** Names of our chains, as iptables has them. */
  readonly chains: readonly string[]
  /** Rules in other chains that lead to ours, as `-A OUTPUT … -j PROXY_SC_OUTPUT`. */
  readonly jumps: readonly string[]
}

const nothing: ExistingRules = { tables: [] }

/**
 * The input for `iptables-restore --noflush` (`ip6tables-restore` for IPv6) that makes a namespace
 * have exactly these rules of ours. It replaces what `existing` says is there, in the same
 * transaction, and leaves rules of others alone. Empty when there is nothing to do.
 */
export function renderRestore(
  rules: RuleSet,
  family: Family,
  existing: ExistingRules = nothing,
): string {
  const { chains } = forFamily(rules, family)
  const tables = (['raw', 'mangle', 'nat', 'filter'] as const).flatMap((table) => {
    const ours = chains.filter((chain) => chain.table === table)
    const before = existing.tables.find((entry) => entry.table === table)
    return ours.length === 0 && before === undefined ? [] : [renderTable(table, ours, before)]
  })
  return tables.join('')
}

function renderTable(
  table: TableName,
  chains: readonly Chain[],
  before: ExistingTable = { table, chains: [], jumps: [] },
): string {
  const wanted = chains.map((chain) => iptablesChain(chain.name))
  const stale = before.chains.filter((name) => !wanted.includes(name))
  const jumps = chains.flatMap((chain) => (chain.hook === undefined ? [] : [hookLine(chain)]))
  const lines = [
    `*${table}`,
    // With --noflush, naming a chain here makes it, or empties the one that is there.
    ...[...wanted, ...stale].map((name) => `:${name} - [0:0]`),
    ...(sameJumps(before.jumps, jumps)
      ? []
      : [...before.jumps.map((jump) => jump.replace(/^-A /, '-D ')), ...jumps]),
    ...chains.flatMap((chain) => chain.rules.flatMap((rule) => ruleLines(chain, rule))),
    ...stale.map((name) => `-X ${name}`),
    'COMMIT',
  ]
  return `${lines.join('\n')}\n`
}

/** Jumps that are right stay where they are: their place among rules of others does not change. */
function sameJumps(before: readonly string[], wanted: readonly string[]): boolean {
  const plain = (jumps: readonly string[]): string =>
    jumps
      .map((jump) => jump.replaceAll('"', ''))
      .sort()
      .join('\n')
  return plain(before) === plain(wanted)
}

/** The rule of a built-in chain that leads to ours. */
function hookLine(chain: Chain): string {
  const builtIn = (chain.hook ?? '').toUpperCase()
  const comment = `-m comment --comment "${commentOf('hook')}"`
  return `-A ${builtIn} ${comment} -j ${iptablesChain(chain.name)}`
}

function ruleLines(chain: Chain, rule: Rule): readonly string[] {
  if (!/^[a-z0-9-]{1,64}$/.test(rule.name)) {
    throw new IptablesError('ruleset-invalid', `${rule.name} is not a name for a rule`, {
      object: rule.name,
    })
  }
  return expandRule(rule).map((one) =>
    [
      `-A ${iptablesChain(chain.name)}`,
      ...one.match.map((match) => iptablesMatch(match)),
      `-m comment --comment "${commentOf(rule.name)}"`,
      iptablesVerdict(one.verdict),
    ].join(' '),
  )
}
