import { addressBits, addressOfBytes } from '../model/address.ts'
import { formatCidr, type Cidr } from '../model/cidr.ts'
import { families, type Family } from '../model/family.ts'
import { type ConnectionState, type Match } from '../model/match.ts'
import { type Rule, type TableName } from '../model/rule-set.ts'
import {
  attribute,
  comparison,
  connectionKey,
  connectionStateBit,
  interfaceNameSize,
  lookupInverted,
  metaKey,
  payloadBase,
  protocolFamily,
  register,
  socketKey,
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
import { keyOf, noVerdict, type Register, verdictReader } from './nft-verdict.ts'

/** What a list of expressions says. */
export type ParsedExpressions = Pick<Rule, 'families' | 'match' | 'verdict'>

function withUnknown(rule: ParsedExpressions, text: string): ParsedExpressions {
  return { ...rule, match: [...rule.match, { kind: 'unknown', text }] }
}

/**
 * Reads the expressions of a rule back into conditions and verdict; `table` is the one that its
 * chain is for, and jumps to chains for other tables are not ours. Counters mean nothing; what
 * this package never writes becomes an unknown condition or verdict.
 */
export function parseExpressions(bytes: Uint8Array, table?: TableName): ParsedExpressions {
  let rule: ParsedExpressions = { families, match: [], verdict: noVerdict }
  let held: Register | undefined
  const verdicts = verdictReader(table)
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
    if (verdicts.isComplete) {
      // The kernel never comes here: what is left may look like ours and say nothing.
      rule = withUnknown(rule, `expression ${name} behind the verdict`)
      continue
    }
    const condition = verdicts.hasBegun ? undefined : conditionOf(name, data, held, rule.families)
    const isVerdict = condition === undefined && verdicts.read(name, data, held, rule.families)
    held = undefined
    if (condition?.kind === 'family') rule = { ...rule, families: [condition.family] }
    else if (condition !== undefined) rule = { ...rule, match: [...rule.match, condition] }
    else if (!isVerdict) rule = withUnknown(rule, `expression ${name}`)
  }
  return { ...rule, verdict: verdicts.end() }
}

function loadOf(name: string, data: Attributes, held: Register | undefined): Register | undefined {
  switch (name) {
    case 'meta':
    case 'ct':
    case 'socket':
    case 'payload': {
      const source = sourceOf(name, data)
      return source && { holds: 'field', source }
    }
    case 'bitwise': {
      if (held?.holds !== 'field' || held.mask !== undefined) return undefined
      const mask = nestedIn(data, attribute.bitwise.mask).get(attribute.data.value)
      const xor = nestedIn(data, attribute.bitwise.xor).get(attribute.data.value)
      return mask && xor?.every((byte) => byte === 0) ? { ...held, mask } : undefined
    }
    case 'immediate': {
      if (numberIn(data, attribute.immediate.register) !== register.first) return undefined
      const value = nestedIn(data, attribute.immediate.data).get(attribute.data.value)
      return value && { holds: 'value', value }
    }
    default:
      return undefined
  }
}

/** The field that an expression loads into our register. */
function sourceOf(
  name: 'meta' | 'ct' | 'socket' | 'payload',
  data: Attributes,
): FieldSource | undefined {
  const isOurs = (type: number): boolean => numberIn(data, type) === register.first
  switch (name) {
    case 'meta': {
      const key = keyOf(metaKey, numberIn(data, attribute.meta.key))
      return key && isOurs(attribute.meta.register) ? { from: 'meta', key } : undefined
    }
    case 'ct': {
      // The keys that we know have no direction.
      if (data.has(attribute.connection.direction)) return undefined
      const key = keyOf(connectionKey, numberIn(data, attribute.connection.key))
      return key && isOurs(attribute.connection.register) ? { from: 'connection', key } : undefined
    }
    case 'socket': {
      const key = keyOf(socketKey, numberIn(data, attribute.socket.key))
      return key && isOurs(attribute.socket.register) ? { from: 'socket', key } : undefined
    }
    case 'payload': {
      const base = keyOf(payloadBase, numberIn(data, attribute.payload.base))
      const offset = numberIn(data, attribute.payload.offset) ?? 0
      const length = numberIn(data, attribute.payload.length) ?? 0
      return base && isOurs(attribute.payload.register)
        ? { from: 'payload', base, offset, length }
        : undefined
    }
  }
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
  if (source.from === 'connection' && source.key === 'state') {
    return stateOf(value, mask, negate)
  }
  if (mask !== undefined && source.from !== 'payload') return undefined
  if (source.from === 'socket') {
    const isSet = value.length === 1 && value[0] === 1 && !negate
    return isSet ? { kind: 'transparent-socket' } : undefined
  }
  if (source.from === 'meta' && source.key === 'family') {
    const family = families.find((one) => protocolFamily[one] === value[0])
    return family && !negate ? { kind: 'family', family } : undefined
  }
  if (source.from === 'meta' && source.key === 'protocol') {
    const protocol = keyOf(protocolNumber, value[0])
    return protocol && !negate ? { kind: 'protocol', protocol } : undefined
  }
  const kind = kindOf(source, ruleFamilies)
  if (kind !== undefined) return fieldComparison(kind, value, mask, negate)
  return mask === undefined ? leadingBytes(source, value, negate, ruleFamilies) : undefined
}

/** Of a block that ends at a byte, nft loads and compares the bytes before only. */
function leadingBytes(
  source: FieldSource,
  value: Uint8Array,
  negate: boolean,
  ruleFamilies: readonly Family[],
): Match | undefined {
  const [family] = ruleFamilies
  if (source.from !== 'payload' || family === undefined) return undefined
  const length = addressBits[family] / 8
  const kind = kindOf({ ...source, length }, ruleFamilies)
  const isAddress = kind === 'source' || kind === 'destination'
  if (!isAddress || value.length !== source.length || source.length >= length) return undefined
  const bytes = new Uint8Array(length)
  bytes.set(value)
  const cidr = { ...addressOfBytes(family, bytes), prefix: value.length * 8 }
  return { kind, values: [formatCidr(cidr)], negate }
}

/** `ct state` is a bit, of which one of several has to be set. */
function stateOf(
  value: Uint8Array,
  mask: Uint8Array | undefined,
  negate: boolean,
): Match | undefined {
  if (mask?.length !== 4 || value.length !== 4 || !negate) return undefined
  const bits = numberOfHostBytes32(mask)
  const states = Object.entries(connectionStateBit)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([state]) => state as ConnectionState)
    .sort()
  const known = states.reduce((sum, state) => sum | connectionStateBit[state], 0)
  const isOurs = bits === known && numberOfHostBytes32(value) === 0
  return isOurs ? { kind: 'connection-state', states } : undefined
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
    case 'mark':
    case 'connection-mark':
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
  mark: 4,
  'connection-mark': 4,
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
  'mark',
  'connection-mark',
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
