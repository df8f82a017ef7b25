import { z } from 'zod'

/** A table; it has flags only when somebody gave it some. */
export interface JsonTable {
  readonly family: string
  readonly name: string
  readonly flags?: unknown
}

/** A chain; one that packets enter has the last four. */
export interface JsonChain {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly type?: string | undefined
  readonly hook?: string | undefined
  readonly prio?: number | undefined
  readonly policy?: string | undefined
}

/** A set and its elements, which can be anything. */
export interface JsonSet {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly type?: unknown
  readonly flags: readonly string[]
  readonly elem: readonly unknown[]
}

/** Something with one key, which says what it is. */
export type JsonTagged = Readonly<Record<string, unknown>>

/** A rule; each expression says what it is. */
export interface JsonRule {
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly comment?: string | undefined
  readonly expr: readonly JsonTagged[]
}

interface JsonKey {
  readonly key: string
}

/** A comparison of a field with something; `in` is "one of these bits is set". */
export interface JsonMatch {
  readonly op: '==' | '!=' | 'in'
  readonly left:
    | { readonly meta: JsonKey }
    | { readonly ct: JsonKey }
    | { readonly socket: JsonKey }
    | { readonly payload: { readonly protocol: string; readonly field: string } }
  readonly right?: unknown
}

const inTable = { family: z.string(), table: z.string(), name: z.string() }
const key = z.strictObject({ key: z.string() })
const tagged = z.record(z.string(), z.unknown())

/** The whole listing (libnftables-json(5)). */
export const listingSchema: z.ZodType<{ readonly nftables: readonly JsonTagged[] }> = z.object({
  nftables: z.array(tagged),
})

/** See {@link JsonTable}; handles and the like are read over. */
export const tableSchema: z.ZodType<JsonTable> = z.object({
  family: z.string(),
  name: z.string(),
  flags: z.unknown().optional(),
})

/** See {@link JsonChain}. */
export const chainSchema: z.ZodType<JsonChain> = z.object({
  ...inTable,
  type: z.string().optional(),
  hook: z.string().optional(),
  prio: z.number().optional(),
  policy: z.string().optional(),
})

/** See {@link JsonSet}. */
export const setSchema: z.ZodType<JsonSet> = z.object({
  ...inTable,
  type: z.unknown().optional(),
  flags: z.array(z.string()).default([]),
  elem: z.array(z.unknown()).default([]),
})

/** See {@link JsonRule}. */
export const ruleSchema: z.ZodType<JsonRule> = z.object({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  comment: z.string().optional(),
  expr: z.array(tagged).default([]),
})

/** A block as the right side of a comparison, or as an element. */
export const prefixSchema: z.ZodType<{
  readonly prefix: { readonly addr: string; readonly len: number }
}> = z.strictObject({ prefix: z.strictObject({ addr: z.string(), len: z.number() }) })

/** First and last address, as an element. */
export const rangeSchema: z.ZodType<{ readonly range: readonly [string, string] }> = z.strictObject(
  { range: z.tuple([z.string(), z.string()]) },
)

/** See {@link JsonMatch}. */
export const matchSchema: z.ZodType<JsonMatch> = z.strictObject({
  op: z.enum(['==', '!=', 'in']),
  left: z.union([
    z.strictObject({ meta: key }),
    z.strictObject({ ct: key }),
    z.strictObject({ socket: key }),
    z.strictObject({ payload: z.strictObject({ protocol: z.string(), field: z.string() }) }),
  ]),
  right: z.unknown().optional(),
})

/** Where a jump leads. */
export const jumpSchema: z.ZodType<{ readonly target: string }> = z.strictObject({
  target: z.string(),
})

/** Where a redirection leads. */
export const redirectSchema: z.ZodType<{ readonly port: number }> = z.strictObject({
  port: z.number(),
})

/** Where a packet is handed, and for which family. */
export const tproxySchema: z.ZodType<{
  readonly port: number
  readonly family?: string | undefined
}> = z.strictObject({ port: z.number(), family: z.string().optional() })

/** What is set to which value: a number, or a property. */
export interface JsonMangle {
  readonly key: { readonly meta: JsonKey } | { readonly ct: JsonKey }
  readonly value: number | { readonly meta: JsonKey } | { readonly ct: JsonKey }
}

const property = z.union([z.strictObject({ meta: key }), z.strictObject({ ct: key })])

/** See {@link JsonMangle}. */
export const mangleSchema: z.ZodType<JsonMangle> = z.strictObject({
  key: property,
  value: z.union([z.number(), property]),
})
