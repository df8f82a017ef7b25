import { addressBits, addressOfBytes } from '../model/address.ts'
import { chainOfNft } from '../model/chain-names.ts'
import { formatCidr, type Cidr } from '../model/cidr.ts'
import { families, type Family } from '../model/family.ts'
import { type Match } from '../model/match.ts'
import { type Rule, type TableName, type Verdict } from '../model/rule-set.ts'
import {
  attribute,
  comparison,
  interfaceNameSize,
  lookupInverted,
  metaKey,
  payloadBase,
  portSpecified,
  protocolFamily,
  register,
  verdictCode,
} from '../netlink/constants.ts'
import { numberOfHostBytes32 } from '../netlink/byte-order.ts'
import { type FieldKind, fieldSource, type FieldSource, protocolNumber } from '../netlink/fields.ts'
import {
  type Attributes,
  nestedIn,
  numberIn,
  readAttributeList,
  readAttributes,
  textIn,
  textOfBytes,
  viewOf,
} from '../netlink/reader.ts'

/** What a list of expressions says. */
export type ParsedExpressions = Pick<Rule, 'families' | 'match' | 'verdict'>

const noVerdict: Verdict = { kind: 'unknown', text: 'no verdict' }

function withUnknown(rule: ParsedExpressions, text: string): ParsedExpressions {
  return { ...rule, match: [...rule.match, { kind: 'unknown', text }] }
}

/** What the register holds while the list is read. */
type Register =
  | { readonly holds: 'field'; readonly source: FieldSource; readonly mask?: Uint8Array }
  | { readonly holds: 'value'; readonly value: Uint8Array }

/**
 * Reads the expressions of a rule back into conditions and verdict; `table` is the one that its
 * chain is for, and jumps to chains for other tables are not ours. Counters mean nothing; what
 * this package never writes becomes an unknown condition or verdict.
 */
export function parseExpressions(bytes: Uint8Array, table?: TableName): ParsedExpressions {
  let rule: ParsedExpressions = { families, match: [], verdict: noVerdict }
  let held: Register | undefined
  for (const { value } of readAttributeList(bytes)) {
    const element = readAttributes(value)
    const name = textIn(element, attribute.expression.name) ?? ''
    const data = nestedIn(element, attribute.expression.data)
    const loaded = loadOf(name, data, held)
    if (loaded !== undefined) {
      held = loaded
      continue
    }
    if (name === 'counter') continue
    if (rule.verdict !== noVerdict) {
      // The kernel never comes here: what is left may look like ours and say nothing.
      rule = withUnknown(rule, `expression ${name} behind the verdict`)
      continue
    }
    const condition = conditionOf(name, data, held, rule.families)
    const verdict = condition === undefined ? verdictOf(name, data, held, table) : undefined
    held = undefined
    if (condition?.kind === 'family') rule = { ...rule, families: [condition.family] }
    else if (condition !== undefined) rule = { ...rule, match: [...rule.match, condition] }
    else if (verdict !== undefined) rule = { ...rule, verdict }
    else rule = withUnknown(rule, `expression ${name}`)
  }
  return rule
}

function loadOf(name: string, data: Attributes, held: Register | undefined): Register | undefined {
  if (name === 'meta' && numberIn(data, attribute.meta.register) === register.first) {
    const key = keyOf(metaKey, numberIn(data, attribute.meta.key))
    return key && { holds: 'field', source: { from: 'meta', key } }
  }
  if (name === 'payload' && numberIn(data, attribute.payload.register) === register.first) {
    const base = keyOf(payloadBase, numberIn(data, attribute.payload.base))
    const offset = numberIn(data, attribute.payload.offset) ?? 0
    const length = numberIn(data, attribute.payload.length) ?? 0
    return base && { holds: 'field', source: { from: 'payload', base, offset, length } }
  }
  if (name === 'bitwise' && held?.holds === 'field' && held.mask === undefined) {
    const mask = nestedIn(data, attribute.bitwise.mask).get(attribute.data.value)
    const xor = nestedIn(data, attribute.bitwise.xor).get(attribute.data.value)
    return mask && xor?.every((byte) => byte === 0) ? { ...held, mask } : undefined
  }
  if (name === 'immediate' && numberIn(data, attribute.immediate.register) === register.first) {
    const value = nestedIn(data, attribute.immediate.data).get(attribute.data.value)
    return value && { holds: 'value', value }
  }
  return undefined
}

type Condition = Match | { readonly kind: 'family'; readonly family: Family }

function conditionOf(
  name: string,
  data: Attributes,
  held: Register | undefined,
  ruleFamilies: readonly Family[],
): Condition | undefined {
  if (held?.holds !== 'field') return undefined
  if (name === 'lookup') {
    const set = textIn(data, attribute.lookup.set)
    const kind = kindOf(held.source, ruleFamilies)
    const negate = ((numberIn(data, attribute.lookup.flags) ?? 0) & lookupInverted) !== 0
    if (set === undefined || kind === undefined || held.mask !== undefined) return undefined
    return { kind, values: { set }, negate }
  }
  if (name !== 'cmp') return undefined
  const value = nestedIn(data, attribute.compare.data).get(attribute.data.value)
  const operation = numberIn(data, attribute.compare.operation)
  if (
    value === undefined ||
    (operation !== comparison.equal && operation !== comparison.notEqual)
  ) {
    return undefined
  }
  return comparisonOf(held, value, operation === comparison.notEqual, ruleFamilies)
}

function comparisonOf(
  { source, mask }: Extract<Register, { holds: 'field' }>,
  value: Uint8Array,
  negate: boolean,
  ruleFamilies: readonly Family[],
): Condition | undefined {
  if (mask !== undefined && source.from === 'meta') return undefined
  if (source.from === 'meta' && source.key === 'family') {
    const family = families.find((one) => protocolFamily[one] === value[0])
    return family && !negate ? { kind: 'family', family } : undefined
  }
  if (source.from === 'meta' && source.key === 'protocol') {
    const protocol = keyOf(protocolNumber, value[0])
    return protocol && !negate ? { kind: 'protocol', protocol } : undefined
  }
  const kind = kindOf(source, ruleFamilies)
  return kind && fieldComparison(kind, value, mask, negate)
}

function fieldComparison(
  kind: FieldKind,
  value: Uint8Array,
  mask: Uint8Array | undefined,
  negate: boolean,
): Match | undefined {
  if (kind === 'source' || kind === 'destination') {
    const cidr = cidrOfBytes(value, mask)
    return cidr && { kind, values: [formatCidr(cidr)], negate }
  }
  if (mask !== undefined || value.length !== sizes[kind]) return undefined
  switch (kind) {
    case 'source-port':
    case 'destination-port':
      return { kind, values: [viewOf(value).getUint16(0)], negate }
    case 'in-interface':
    case 'out-interface':
      return { kind, values: [textOfBytes(value)], negate }
    case 'owner-uid':
    case 'owner-gid':
      return { kind, values: [numberOfHostBytes32(value)], negate }
  }
}

const sizes = {
  'in-interface': interfaceNameSize,
  'out-interface': interfaceNameSize,
  'source-port': 2,
  'destination-port': 2,
  'owner-uid': 4,
  'owner-gid': 4,
} as const

const kinds: readonly FieldKind[] = [
  'in-interface',
  'out-interface',
  'source',
  'destination',
  'source-port',
  'destination-port',
  'owner-uid',
  'owner-gid',
]

/** Which field of our conditions this is. Addresses only count behind a condition on the family. */
function kindOf(source: FieldSource, ruleFamilies: readonly Family[]): FieldKind | undefined {
  const [family, another] = ruleFamilies
  return kinds.find((kind) => {
    if ((kind === 'source' || kind === 'destination') && another !== undefined) return false
    return JSON.stringify(fieldSource(kind, family ?? 'ipv4')) === JSON.stringify(source)
  })
}

function cidrOfBytes(value: Uint8Array, mask: Uint8Array | undefined): Cidr | undefined {
  const family = families.find((one) => addressBits[one] === value.length * 8)
  if (family === undefined) return undefined
  const bits = addressBits[family]
  const address = addressOfBytes(family, value)
  if (mask === undefined) return { ...address, prefix: bits }
  const ones = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const prefix = ones.includes('0') ? ones.indexOf('0') : bits
  const isPrefix = !ones.slice(prefix).includes('1') && mask.length === value.length
  return isPrefix ? { ...address, prefix } : undefined
}

function verdictOf(
  name: string,
  data: Attributes,
  held: Register | undefined,
  table: TableName | undefined,
): Verdict | undefined {
  if (name === 'redir') return redirectOf(data, held)
  if (name !== 'immediate') return undefined
  const verdict = nestedIn(nestedIn(data, attribute.immediate.data), attribute.data.verdict)
  const code = (numberIn(verdict, attribute.verdict.code) ?? 0) | 0
  if (code === verdictCode.return) return { kind: 'return' }
  const chain = textIn(verdict, attribute.verdict.chain)
  const known = chain === undefined ? undefined : chainOfNft(chain)
  if (code === verdictCode.jump && known !== undefined && known.table === table)
    return { kind: 'jump', chain: known.name }
  return { kind: 'unknown', text: `verdict ${code}${chain === undefined ? '' : ` ${chain}`}` }
}

function redirectOf(data: Attributes, held: Register | undefined): Verdict {
  const min = numberIn(data, attribute.redirect.portMin)
  const max = numberIn(data, attribute.redirect.portMax) ?? min
  const flags = numberIn(data, attribute.redirect.flags)
  const isOurs = min === register.first && max === min && flags === portSpecified
  if (held?.holds !== 'value' || held.value.length !== 2 || !isOurs) {
    return { kind: 'unknown', text: 'redirect in another form' }
  }
  return { kind: 'redirect', port: viewOf(held.value).getUint16(0) }
}

function keyOf<T extends Readonly<Record<string, number>>>(
  table: T,
  value: number | undefined,
): keyof T | undefined {
  return Object.keys(table).find((key) => table[key] === value)
}
