import { IptablesError } from '../error.ts'
import { addressBits, addressBytes } from '../model/address.ts'
import { nftChain } from '../model/chain-names.ts'
import { cidrOf, hostMask } from '../model/cidr.ts'
import { describeRule } from '../model/describe.ts'
import { type Family } from '../model/family.ts'
import { type Match } from '../model/match.ts'
import { setNamed } from '../model/project.ts'
import { type NamedSet, type Rule, type SetType, type TableName } from '../model/rule-set.ts'
import { hostBytes16, hostBytes32 } from '../netlink/byte-order.ts'
import { connectionStateBit, protocolFamily } from '../netlink/constants.ts'
import { type ExpressionWriter } from '../netlink/expressions.ts'
import { type FieldKind, fieldSource, protocolNumber } from '../netlink/fields.ts'
import { valueBytes } from '../netlink/values.ts'

/** What a rule is written in the light of. */
export interface RuleContext {
  /** Table of the chain that the rule is in. */
  readonly table: TableName
  /** Sets that the rule may refer to. */
  readonly sets: ReadonlyMap<string, NamedSet>
  /** Whether the rule counts. */
  readonly counters: boolean
}

/** Writes the expressions of a rule. Throws `ruleset-invalid` for what nf_tables cannot say. */
export function writeRule(out: ExpressionWriter, rule: Rule, context: RuleContext): void {
  const [family, second] = rule.families
  if (family === undefined) throw invalid(rule, 'has no family')
  if (second === undefined) {
    out.meta('family')
    out.compare(Uint8Array.of(protocolFamily[family]), false)
  }
  for (const match of rule.match) writeMatch(out, match, rule, family, context)
  if (context.counters) out.counter()
  writeVerdict(out, rule, context)
}

function writeVerdict(out: ExpressionWriter, rule: Rule, context: RuleContext): void {
  const { verdict } = rule
  switch (verdict.kind) {
    case 'return':
      out.leave()
      break
    case 'jump':
      out.jump(nftChain(context.table, verdict.chain))
      break
    case 'redirect':
      out.redirect(verdict.port)
      break
    case 'tproxy':
      out.tproxy(verdict.port, rule.families.length === 1 ? rule.families[0] : undefined)
      out.load(hostBytes32(verdict.mark))
      out.setMeta('mark')
      out.accept()
      break
    case 'drop':
      out.drop()
      break
    case 'set-mark':
      out.load(hostBytes32(verdict.mark))
      out.setMeta('mark')
      break
    case 'save-mark':
      out.meta('mark')
      out.setConnection('mark')
      break
    case 'restore-mark':
      out.connection('mark')
      out.setMeta('mark')
      break
    case 'zone':
      out.load(hostBytes16(verdict.zone))
      out.setConnection('zone')
      break
    case 'unknown':
      throw invalid(rule, 'has an unknown verdict')
  }
}

function writeMatch(
  out: ExpressionWriter,
  match: Match,
  rule: Rule,
  family: Family,
  context: RuleContext,
): void {
  if (match.kind === 'unknown') throw invalid(rule, 'has an unknown condition')
  if (match.kind === 'protocol') {
    out.meta('protocol')
    out.compare(Uint8Array.of(protocolNumber[match.protocol]), false)
    return
  }
  if (match.kind === 'connection-state') {
    const bits = match.states.reduce((sum, state) => sum | connectionStateBit[state], 0)
    out.connection('state')
    out.mask(hostBytes32(bits))
    out.compare(hostBytes32(0), true)
    return
  }
  if (match.kind === 'transparent-socket') {
    out.socket('transparent')
    out.compare(Uint8Array.of(1), false)
    return
  }
  const isAddress = match.kind === 'source' || match.kind === 'destination'
  if (isAddress && rule.families.length > 1) throw invalid(rule, 'has an address and two families')
  const source = fieldSource(match.kind, family)
  switch (source.from) {
    case 'meta':
      out.meta(source.key)
      break
    case 'connection':
      out.connection(source.key)
      break
    case 'socket':
      out.socket(source.key)
      break
    case 'payload':
      out.payload(source.base, source.offset, source.length)
  }

  const type = typeOf(match.kind, family)
  if ('set' in match.values) {
    if (setNamed(context.sets, match.values.set).type !== type) {
      throw invalid(rule, `cannot use set ${match.values.set}`)
    }
    out.lookup(match.values.set, match.negate)
    return
  }
  const [value, another] = match.values
  if (value === undefined || another !== undefined) {
    throw invalid(rule, 'has a list of values, which must be a named set')
  }
  if (isAddress) writeMask(out, String(value))
  out.compare(valueBytes(type, value), match.negate)
}

function writeMask(out: ExpressionWriter, text: string): void {
  const { family, prefix } = cidrOf(text)
  if (prefix === addressBits[family]) return
  const all = (1n << BigInt(addressBits[family])) - 1n
  out.mask(addressBytes({ family, value: all & ~hostMask(family, prefix) }))
}

function typeOf(kind: FieldKind, family: Family): SetType {
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

function invalid(rule: Rule, why: string): IptablesError {
  const text = `rule ${rule.name} ${why}: ${describeRule(rule)}`
  return new IptablesError('ruleset-invalid', text, { object: rule.name })
}
