import { chainOfNft } from '../model/chain-names.ts'
import { type Family } from '../model/family.ts'
import { type TableName, type Verdict } from '../model/rule-set.ts'
import { addressFamily } from '../render/nft-text-words.ts'
import {
  jumpSchema,
  type JsonTagged,
  mangleSchema,
  redirectSchema,
  tproxySchema,
} from './nft-json-schema.ts'

/** What ends the conditions of a rule, whether this package writes it or not. */
const verdictNames: ReadonlySet<string> = new Set([
  ...['accept', 'drop', 'continue', 'jump', 'goto', 'return', 'reject', 'queue', 'vmap'],
  ...['redirect', 'dnat', 'snat', 'masquerade', 'tproxy', 'mangle', 'notrack', 'xt'],
])

/** Whether an expression does something to the packet, instead of asking something about it. */
export function isVerdict(name: string): boolean {
  return verdictNames.has(name)
}

/** A verdict, and how many expressions it took. */
export interface ParsedVerdict {
  readonly verdict: Verdict
  readonly length: number
}

/** Reads the verdict that the expressions begin with, in a rule of these families and this table. */
export function parseJsonVerdict(
  expressions: readonly JsonTagged[],
  families: readonly Family[],
  table: TableName | undefined,
): ParsedVerdict {
  const [first = {}, second = {}, third = {}] = expressions
  const single = singleVerdict(first, table)
  if (single !== undefined) return { verdict: single, length: 1 }
  const port = tproxyPort(first, families)
  const mark = singleVerdict(second, table)
  if (port !== undefined && mark?.kind === 'set-mark' && 'accept' in third) {
    return { verdict: { kind: 'tproxy', port, mark: mark.mark }, length: 3 }
  }
  return { verdict: { kind: 'unknown', text: JSON.stringify(first) }, length: 1 }
}

function singleVerdict(expression: JsonTagged, table: TableName | undefined): Verdict | undefined {
  const [name = '', body] = Object.entries(expression)[0] ?? []
  switch (name) {
    case 'return':
    case 'drop':
      return { kind: name }
    case 'jump': {
      const chain = chainOfNft(jumpSchema.safeParse(body).data?.target ?? '')
      return chain?.table === table && chain !== undefined
        ? { kind: 'jump', chain: chain.name }
        : undefined
    }
    case 'redirect': {
      const { data } = redirectSchema.safeParse(body)
      return data && { kind: 'redirect', port: data.port }
    }
    case 'mangle':
      return mangleVerdict(body)
    default:
      return undefined
  }
}

function mangleVerdict(body: unknown): Verdict | undefined {
  const { data } = mangleSchema.safeParse(body)
  if (data === undefined) return undefined
  const { value } = data
  const key = propertyWords(data.key)
  if (typeof value === 'number') {
    if (key === 'meta mark') return { kind: 'set-mark', mark: value }
    return key === 'ct zone' ? { kind: 'zone', zone: value } : undefined
  }
  const from = propertyWords(value)
  if (key === 'ct mark' && from === 'meta mark') return { kind: 'save-mark' }
  return key === 'meta mark' && from === 'ct mark' ? { kind: 'restore-mark' } : undefined
}

function propertyWords(
  property: { readonly meta: { key: string } } | { readonly ct: { key: string } },
): string {
  return 'meta' in property ? `meta ${property.meta.key}` : `ct ${property.ct.key}`
}

function tproxyPort(expression: JsonTagged, families: readonly Family[]): number | undefined {
  const { data } = tproxySchema.safeParse(expression['tproxy'])
  if (data === undefined) return undefined
  const [only, another] = families
  const isOurs =
    data.family === undefined ||
    (only !== undefined && another === undefined && data.family === addressFamily[only])
  return isOurs ? data.port : undefined
}
