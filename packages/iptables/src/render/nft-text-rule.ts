import { IptablesError } from '../error.ts'
import { nftChain } from '../model/chain-names.ts'
import { commentOf } from '../model/comment.ts'
import { describeRule, markText } from '../model/describe.ts'
import { type Family } from '../model/family.ts'
import { type Match } from '../model/match.ts'
import { setNamed } from '../model/project.ts'
import { type NamedSet, type Rule, type SetType, type TableName } from '../model/rule-set.ts'
import { type FieldKind } from '../netlink/fields.ts'
import { addressFamily, fieldWords, type PortProtocol, valueWords } from './nft-text-words.ts'

/** What a rule is written in the light of. */
export interface RuleTextContext {
  /** Table of the chain that the rule is in. */
  readonly table: TableName
  /** Sets that the rule may refer to. */
  readonly sets: ReadonlyMap<string, NamedSet>
  /** Whether the rule counts. */
  readonly counters: boolean
}

/** A rule in the language of nft. Throws `ruleset-invalid` for what that cannot say. */
export function ruleWords(rule: Rule, { table, sets, counters }: RuleTextContext): string {
  const [family, second] = rule.families
  if (family === undefined) throw invalid(rule, 'has no family')
  if (!/^[a-z0-9-]{1,64}$/.test(rule.name)) throw invalid(rule, 'has a name that cannot be one')
  return [
    ...(second === undefined ? [`meta nfproto ${family}`] : []),
    ...rule.match.map((match) => matchWords(match, rule, family, sets)),
    ...(counters ? ['counter'] : []),
    verdictWords(rule, family, table),
    `comment "${commentOf(rule.name)}"`,
  ].join(' ')
}

function verdictWords(rule: Rule, family: Family, table: TableName): string {
  const { verdict } = rule
  switch (verdict.kind) {
    case 'return':
      return 'return'
    case 'jump':
      return `jump ${nftChain(table, verdict.chain)}`
    case 'redirect':
      return `redirect to :${verdict.port}`
    case 'tproxy': {
      // nft refuses to leave the family out where a condition has narrowed it.
      const only = rule.families.length > 1 ? '' : `${addressFamily[family]} `
      return `tproxy ${only}to :${verdict.port} meta mark set ${markText(verdict.mark)} accept`
    }
    case 'drop':
      return 'drop'
    case 'set-mark':
      return `meta mark set ${markText(verdict.mark)}`
    case 'save-mark':
      return 'ct mark set meta mark'
    case 'restore-mark':
      return 'meta mark set ct mark'
    case 'zone':
      return `ct zone set ${verdict.zone}`
    case 'unknown':
      throw invalid(rule, 'has an unknown verdict')
  }
}

function matchWords(
  match: Match,
  rule: Rule,
  family: Family,
  sets: ReadonlyMap<string, NamedSet>,
): string {
  if (match.kind === 'unknown') throw invalid(rule, 'has an unknown condition')
  if (match.kind === 'protocol') return `meta l4proto ${match.protocol}`
  if (match.kind === 'connection-state') return `ct state ${match.states.join(',')}`
  if (match.kind === 'transparent-socket') return 'socket transparent 1'
  const isAddress = match.kind === 'source' || match.kind === 'destination'
  if (isAddress && rule.families.length > 1) throw invalid(rule, 'has an address and two families')
  const type = valueType(match.kind, family)
  const field = fieldWords(match.kind, family, protocolOf(rule))
  return `${field} ${match.negate ? '!= ' : ''}${listWords(match.values, type, rule, sets)}`
}

function listWords(
  values: Extract<Match, { values: unknown }>['values'],
  type: SetType,
  rule: Rule,
  sets: ReadonlyMap<string, NamedSet>,
): string {
  if ('set' in values) {
    if (setNamed(sets, values.set).type !== type) throw invalid(rule, `cannot use ${values.set}`)
    return `@${values.set}`
  }
  const [value, another] = values
  if (value === undefined || another !== undefined) {
    throw invalid(rule, 'has a list of values, which must be a named set')
  }
  return valueWords(type, value)
}

/** The type that a set must have for a condition of this kind. */
export function valueType(kind: FieldKind, family: Family): SetType {
  switch (kind) {
    case 'in-interface':
    case 'out-interface':
      return 'interface'
    case 'source':
    case 'destination':
      return `${family}-cidr`
    case 'source-port':
    case 'destination-port':
      return 'port'
    case 'owner-uid':
      return 'uid'
    case 'owner-gid':
      return 'gid'
    case 'mark':
    case 'connection-mark':
      return 'mark'
  }
}

function protocolOf(rule: Rule): PortProtocol {
  return rule.match.find((match) => match.kind === 'protocol')?.protocol ?? 'th'
}

function invalid(rule: Rule, why: string): IptablesError {
  const text = `rule ${rule.name} ${why}: ${describeRule(rule)}`
  return new IptablesError('ruleset-invalid', text, { object: rule.name })
}
