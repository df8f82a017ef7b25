import { type z } from 'zod'

import { type RuleDiff } from '../diff/diff.ts'
import { IptablesError } from '../error.ts'
import { chainOfNft } from '../model/chain-names.ts'
import { nameOfComment } from '../model/comment.ts'
import { families } from '../model/family.ts'
import { type Chain, type Hook, type NamedSet, type Rule, type SetType } from '../model/rule-set.ts'
import { hookProperties } from '../render/nft-batch.ts'
import { nftTable } from '../render/nft-names.ts'
import { setTypeWords } from '../render/nft-text-words.ts'
import { type NftState } from './nft-dump.ts'
import { parseJsonRule } from './nft-json-rule.ts'
import {
  chainSchema,
  type JsonChain,
  type JsonRule,
  type JsonSet,
  listingSchema,
  ruleSchema,
  setSchema,
  tableSchema,
} from './nft-json-schema.ts'
import { elementsOfJson } from './nft-json-value.ts'

/**
 * Reads what `nft -j list ruleset` or `nft -j list table inet proxy_sidecar` prints and keeps what
 * is in our table. Throws `save-invalid` when the text is something else.
 */
export function parseNftJson(text: string): NftState {
  const objects = objectsIn(text)
  const anomalies: RuleDiff[] = []
  const tables = objects('table', tableSchema).filter(
    ({ family, name }) => family === 'inet' && name === nftTable,
  )
  const isOurs = (one: { family: string; table: string }): boolean =>
    one.family === 'inet' && one.table === nftTable
  const exists = tables.length > 0
  for (const { flags } of tables) {
    if (flags === undefined) continue
    // A dormant table has all its rules, and none of them has an effect.
    const actual = `table with flags ${JSON.stringify(flags)}`
    anomalies.push({ kind: 'changed', object: 'table', name: nftTable, actual })
  }
  const rules = objects('rule', ruleSchema).filter(isOurs)
  const chains = objects('chain', chainSchema)
    .filter(isOurs)
    .flatMap((chain) => chainOf(chain, rules, anomalies))
  const sets = objects('set', setSchema)
    .filter(isOurs)
    .flatMap((set) => setOf(set, anomalies))
  return { exists, rules: { families: exists ? families : [], sets, chains }, anomalies }
}

type Objects = <T>(kind: string, schema: z.ZodType<T>) => T[]

function objectsIn(text: string): Objects {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new IptablesError('save-invalid', 'not JSON: expected the output of nft -j', { cause })
  }
  const listing = checked(listingSchema, json, 'a listing')
  return (kind, schema) =>
    listing.nftables
      .filter((entry) => kind in entry)
      .map((entry) => checked(schema, entry[kind], `a ${kind}`))
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const shown = JSON.stringify(value).slice(0, 100)
  throw new IptablesError('save-invalid', `not ${what} of nft -j: ${shown}`, {
    cause: parsed.error,
  })
}

function chainOf(chain: JsonChain, all: readonly JsonRule[], anomalies: RuleDiff[]): Chain[] {
  const { name } = chain
  const known = chainOfNft(name)
  if (known === undefined) {
    anomalies.push({ kind: 'extra', object: 'chain', chain: name, name, actual: 'chain' })
    return []
  }
  const hook = hookOf(known.table, chain, anomalies)
  const rules = all
    .filter((rule) => rule.chain === name)
    .map(({ comment, expr }): Rule => ({
      name: nameOfComment(comment),
      ...parseJsonRule(expr, known.table),
    }))
  return [{ ...known, ...(hook === undefined ? {} : { hook }), rules }]
}

function hookOf(
  table: Chain['table'],
  { name, hook: where, type = '', prio = 0, policy = 'accept' }: JsonChain,
  anomalies: RuleDiff[],
): Hook | undefined {
  if (where === undefined) return undefined
  const hook = (['prerouting', 'output'] as const).find((one) => one === where)
  const expected = hook === undefined ? undefined : hookProperties({ table, hook })
  const isExpected = expected?.type === type && expected.priority === prio
  if (hook !== undefined && isExpected && policy === 'accept') return hook
  const actual = `type ${type} hook ${where} priority ${prio} policy ${policy}`
  anomalies.push({ kind: 'changed', object: 'hook', chain: name, name, actual })
  return hook
}

function setOf({ name, type, flags, elem }: JsonSet, anomalies: RuleDiff[]): NamedSet[] {
  const types = Object.keys(setTypeWords) as SetType[]
  const known = types.find(
    (one) =>
      setTypeWords[one].type === type &&
      flags.join() === (setTypeWords[one].interval ? 'interval' : ''),
  )
  if (known === undefined) {
    anomalies.push({ kind: 'changed', object: 'set', name, actual: 'set of another type' })
    return []
  }
  const plain = elem.filter((value) => value !== '*')
  if (plain.length < elem.length) {
    anomalies.push({ kind: 'changed', object: 'set', name, actual: 'set with every value in it' })
  }
  const elements = elementsOfJson(known, plain)
  if (elements === undefined) {
    anomalies.push({ kind: 'changed', object: 'set', name, actual: 'set with other elements' })
  }
  return [{ name, type: known, elements: elements ?? [] }]
}
