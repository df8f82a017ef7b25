import { type RuleDiff } from '../diff/diff.ts'
import { IptablesError } from '../error.ts'
import { chainOfIptables, iptablesPrefix, isTableName } from '../model/chain-names.ts'
import { describeRule } from '../model/describe.ts'
import { joinRules } from '../model/expand.ts'
import { type Family } from '../model/family.ts'
import {
  type Chain,
  type ChainName,
  type Hook,
  type RuleSet,
  type TableName,
} from '../model/rule-set.ts'
import { type ExistingRules, type ExistingTable } from '../render/restore.ts'
import { parseSavedRule, type SavedRule } from './save-line.ts'

/** What of ours one family of a namespace has. */
export interface SavedRules extends ExistingRules {
  /** Our chains and their rules. */
  readonly rules: RuleSet
  /** What no rule set can express, and which is therefore a difference to every one. */
  readonly anomalies: readonly RuleDiff[]
}

interface RawTable {
  readonly table: TableName
  readonly chains: string[]
  readonly lines: { readonly text: string; readonly saved: SavedRule }[]
}

/**
 * Reads the output of `iptables-save` or `ip6tables-save` and keeps what is ours. Throws
 * `save-invalid` when the text is something else.
 */
export function parseSave(text: string, family: Family): SavedRules {
  const tables = readTables(text, family)
  const anomalies: RuleDiff[] = []
  const chains = tables.flatMap((table) => chainsOf(table, family, anomalies))
  const existing = tables
    .map(({ table, chains: names, lines }): ExistingTable => ({
      table,
      chains: names.filter((name) => isOurs(name)),
      jumps: lines.filter(({ saved }) => isJumpToUs(saved)).map((line) => line.text),
    }))
    .filter((entry) => entry.chains.length > 0)
  const families = chains.length === 0 ? [] : [family]
  return { rules: { families, sets: [], chains }, anomalies, tables: existing }
}

function readTables(text: string, family: Family): RawTable[] {
  const tables: RawTable[] = []
  let table: RawTable | undefined
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('*')) {
      // A table that we never use (`security`) is read over.
      const name = line.slice(1).trim()
      table = { table: isTableName(name) ? name : 'filter', chains: [], lines: [] }
      if (isTableName(name)) tables.push(table)
    } else if (line === 'COMMIT') {
      table = undefined
    } else if (table !== undefined && line.startsWith(':')) {
      table.chains.push(line.slice(1).split(' ')[0] ?? '')
    } else if (table !== undefined && line.startsWith('-A ')) {
      table.lines.push({ text: line, saved: parseSavedRule(line, family) })
    } else {
      throw new IptablesError('save-invalid', `not a line of iptables-save: ${line.slice(0, 100)}`)
    }
  }
  return tables
}

function isOurs(chain: string): boolean {
  return chain.startsWith(iptablesPrefix)
}

function isJumpToUs({ chain, target }: SavedRule): boolean {
  return !isOurs(chain) && isOurs(target)
}

function chainsOf(raw: RawTable, family: Family, anomalies: RuleDiff[]): Chain[] {
  const hooks = hooksOf(raw, family, anomalies)
  return raw.chains.filter(isOurs).flatMap((iptablesName): Chain[] => {
    const { table } = raw
    const name = chainOfIptables(iptablesName)
    if (name === undefined) {
      const where = `${table} ${iptablesName}`
      anomalies.push({ kind: 'extra', object: 'chain', chain: where, name: where, actual: 'chain' })
      return []
    }
    const mine = raw.lines.filter(({ saved }) => saved.chain === iptablesName)
    const rules = joinRuns(mine.map(({ saved }) => saved.rule))
    const hook = hooks.get(name)
    return [{ table, name, ...(hook === undefined ? {} : { hook }), rules }]
  })
}

/** Only neighbours are joined: a rule between them may decide before the second is reached. */
function joinRuns(rules: readonly Chain['rules'][number][]): Chain['rules'] {
  const runs: Chain['rules'][number][][] = []
  for (const rule of rules) {
    const run = runs.at(-1)
    if (run?.[0]?.name === rule.name) run.push(rule)
    else runs.push([rule])
  }
  return runs.flatMap((run) => joinRules(run))
}

/** Which of our chains a built-in chain leads to, once and without a condition. */
function hooksOf(raw: RawTable, family: Family, anomalies: RuleDiff[]): Map<ChainName, Hook> {
  const hooks = new Map<ChainName, Hook>()
  for (const { saved } of raw.lines.filter((line) => isJumpToUs(line.saved))) {
    const name = chainOfIptables(saved.target)
    const hook = saved.chain.toLowerCase()
    const { match, verdict, name: comment } = saved.rule
    const isPlain = match.length === 0 && verdict.kind === 'jump' && comment === 'hook'
    const isHook = hook === 'prerouting' || hook === 'output'
    if (name !== undefined && isPlain && isHook && !hooks.has(name)) {
      hooks.set(name, hook)
      continue
    }
    anomalies.push({
      kind: 'extra',
      object: 'hook',
      family,
      chain: `${raw.table} ${saved.chain}`,
      name: saved.target,
      actual: describeRule(saved.rule),
    })
  }
  return hooks
}
