import { type RuleDiff } from '../diff/diff.ts'
import { chainOfNft } from '../model/chain-names.ts'
import { nameOfComment } from '../model/comment.ts'
import { families } from '../model/family.ts'
import {
  type Chain,
  type Hook,
  type NamedSet,
  type Rule,
  type RuleSet,
  type SetType,
} from '../model/rule-set.ts'
import {
  attribute,
  hookNumber,
  intervalEnd,
  protocolFamily,
  setAnonymous,
  verdictCode,
} from '../netlink/constants.ts'
import {
  type Attributes,
  nestedIn,
  numberIn,
  readAttributeList,
  readAttributes,
  textIn,
  textOfBytes,
} from '../netlink/reader.ts'
import { type SetElement, setShapes, valuesOfElements } from '../netlink/values.ts'
import { hookProperties } from '../render/nft-batch.ts'
import { nftTable } from '../render/nft-names.ts'
import { parseExpressions } from './nft-expression.ts'

/** Payloads of the messages that answer the dumps: `nfgenmsg`, then attributes. */
export interface NftDump {
  readonly tables: readonly Uint8Array[]
  readonly chains: readonly Uint8Array[]
  readonly sets: readonly Uint8Array[]
  readonly rules: readonly Uint8Array[]
  /** Elements by name of set. */
  readonly elements: ReadonlyMap<string, readonly Uint8Array[]>
}

/** What of ours the kernel has. */
export interface NftState {
  /** Whether our table is there. */
  readonly exists: boolean
  readonly rules: RuleSet
  /** What no rule set can express, and which is therefore a difference to every one. */
  readonly anomalies: readonly RuleDiff[]
}

/** Reads dumps of nf_tables and keeps what is in our table. */
export function parseNftDump(dump: NftDump): NftState {
  const anomalies: RuleDiff[] = []
  const tables = ours(dump.tables, attribute.table.name)
  const exists = tables.length > 0
  const flags = tables.map((table) => numberIn(table, attribute.table.flags) ?? 0)
  if (flags.some((flag) => flag !== 0)) {
    // A dormant table has all its rules, and none of them has an effect.
    const actual = `table with flags ${flags.join()}`
    anomalies.push({ kind: 'changed', object: 'table', name: nftTable, actual })
  }
  const ruleLists = rulesByChain(dump.rules)
  const chains = ours(dump.chains, attribute.chain.table).flatMap((attributes): Chain[] => {
    const name = textIn(attributes, attribute.chain.name) ?? ''
    const known = chainOfNft(name)
    if (known === undefined) {
      anomalies.push({ kind: 'extra', object: 'chain', chain: name, name, actual: 'chain' })
      return []
    }
    const hook = hookOf(known.table, name, attributes, anomalies)
    const rules = ruleLists.get(name) ?? []
    return [{ ...known, ...(hook === undefined ? {} : { hook }), rules }]
  })
  const sets = ours(dump.sets, attribute.set.table).flatMap((set) => setOf(set, dump, anomalies))
  return { exists, rules: { families: exists ? families : [], sets, chains }, anomalies }
}

/** Whether our table is among those that the kernel has. */
export function hasTable(tables: NftDump['tables']): boolean {
  return ours(tables, attribute.table.name).length > 0
}

/** The names of the sets in our table, whose elements have to be asked for one by one. */
export function setNamesOf(sets: NftDump['sets']): readonly string[] {
  return ours(sets, attribute.set.table)
    .filter((set) => !isAnonymous(set))
    .map((set) => textIn(set, attribute.set.name) ?? '')
}

/** The attributes of the messages about our table; dumps have those of all tables. */
function ours(payloads: readonly Uint8Array[], tableAttribute: number): Attributes[] {
  return payloads
    .filter((payload) => payload[0] === protocolFamily.inet)
    .map((payload) => readAttributes(payload.subarray(4)))
    .filter((attributes) => textIn(attributes, tableAttribute) === nftTable)
}

function rulesByChain(payloads: readonly Uint8Array[]): Map<string, Rule[]> {
  const chains = new Map<string, Rule[]>()
  for (const attributes of ours(payloads, attribute.rule.table)) {
    const chain = textIn(attributes, attribute.rule.chain) ?? ''
    const comment = commentIn(attributes.get(attribute.rule.userData))
    const expressions = attributes.get(attribute.rule.expressions) ?? new Uint8Array()
    const rule: Rule = {
      name: nameOfComment(comment),
      ...parseExpressions(expressions, chainOfNft(chain)?.table),
    }
    const before = chains.get(chain)
    if (before === undefined) chains.set(chain, [rule])
    else before.push(rule)
  }
  return chains
}

/** User data is a list of type, length and value of one, one and `length` bytes; 0 is the comment. */
function commentIn(data: Uint8Array | undefined): string | undefined {
  for (let at = 0; data !== undefined && at + 2 <= data.length; at += 2 + (data[at + 1] ?? 0)) {
    if (data[at] === 0) return textOfBytes(data.subarray(at + 2, at + 2 + (data[at + 1] ?? 0)))
  }
  return undefined
}

function hookOf(
  table: Chain['table'],
  name: string,
  attributes: Attributes,
  anomalies: RuleDiff[],
): Hook | undefined {
  if (!attributes.has(attribute.chain.hook)) return undefined
  const hookAttributes = nestedIn(attributes, attribute.chain.hook)
  const number = numberIn(hookAttributes, attribute.hook.number)
  const priority = (numberIn(hookAttributes, attribute.hook.priority) ?? 0) | 0
  const policy = numberIn(attributes, attribute.chain.policy) ?? verdictCode.accept
  const type = textIn(attributes, attribute.chain.type) ?? ''
  const hook = (['prerouting', 'output'] as const).find((one) => hookNumber[one] === number)
  const expected = hook === undefined ? undefined : hookProperties({ table, hook })
  const isExpected = expected?.type === type && expected.priority === priority
  if (hook !== undefined && isExpected && policy === verdictCode.accept) return hook
  const actual = `type ${type} hook ${hook ?? number ?? ''} priority ${priority} policy ${policy}`
  anomalies.push({ kind: 'changed', object: 'hook', chain: name, name, actual })
  return hook
}

function isAnonymous(set: Attributes): boolean {
  return ((numberIn(set, attribute.set.flags) ?? 0) & setAnonymous) !== 0
}

function setOf(set: Attributes, dump: NftDump, anomalies: RuleDiff[]): NamedSet[] {
  // A set without a name belongs to a rule that somebody added, which is a difference by itself.
  if (isAnonymous(set)) return []
  const name = textIn(set, attribute.set.name) ?? ''
  const type = typeOfSet(set)
  if (type === undefined) {
    anomalies.push({ kind: 'changed', object: 'set', name, actual: 'set of another type' })
    return []
  }
  const all = (dump.elements.get(name) ?? []).flatMap((payload) => elementsIn(payload))
  const elements = all.filter((element) => element !== undefined)
  if (elements.length < all.length) {
    anomalies.push({ kind: 'changed', object: 'set', name, actual: 'set with every value in it' })
  }
  return [{ name, type, elements: valuesOfElements(type, elements) }]
}

function typeOfSet(set: Attributes): SetType | undefined {
  const types = Object.keys(setShapes) as SetType[]
  return types.find(
    (type) =>
      setShapes[type].keyType === numberIn(set, attribute.set.keyType) &&
      setShapes[type].keyLength === numberIn(set, attribute.set.keyLength) &&
      setShapes[type].flags === (numberIn(set, attribute.set.flags) ?? 0),
  )
}

/** An element without a value is the one that stands for all values, which we never write. */
function elementsIn(payload: Uint8Array): (SetElement | undefined)[] {
  const list = readAttributes(payload.subarray(4)).get(attribute.elements.list)
  return readAttributeList(list ?? new Uint8Array()).map(({ value }) => {
    const element = readAttributes(value)
    const key = nestedIn(element, attribute.element.key).get(attribute.data.value)
    const isEnd = ((numberIn(element, attribute.element.flags) ?? 0) & intervalEnd) !== 0
    return key === undefined ? undefined : { key, isEnd }
  })
}
