import { addressBits, parseAddress } from '../model/address.ts'
import { cidrsOfRanges, formatCidr, parseCidr, type Range, rangeOf } from '../model/cidr.ts'
import { type Family } from '../model/family.ts'
import { type NamedSet, type SetType } from '../model/rule-set.ts'
import { prefixSchema, rangeSchema } from './nft-json-schema.ts'

/** One value of a comparison in the form of the model; undefined when it is of another kind. */
export function valueOfJson(type: SetType, value: unknown): string | number | undefined {
  if (type === 'ipv4-cidr' || type === 'ipv6-cidr') {
    const text = blockOfJson(type === 'ipv4-cidr' ? 'ipv4' : 'ipv6', value)
    const cidr = text === undefined ? undefined : parseCidr(text)
    return cidr && type === `${cidr.family}-cidr` ? formatCidr(cidr) : undefined
  }
  if (type === 'interface') return typeof value === 'string' ? value : undefined
  return typeof value === 'number' ? value : undefined
}

function blockOfJson(family: Family, value: unknown): string | undefined {
  if (typeof value === 'string') return `${value}/${addressBits[family]}`
  const { data } = prefixSchema.safeParse(value)
  return data && `${data.prefix.addr}/${data.prefix.len}`
}

/** The elements of a set in the form of the model, or undefined when one is of another kind. */
export function elementsOfJson(
  type: SetType,
  values: readonly unknown[],
): NamedSet['elements'] | undefined {
  if (type !== 'ipv4-cidr' && type !== 'ipv6-cidr') {
    const found = values.map((value) => valueOfJson(type, value))
    if (found.some((value) => value === undefined)) return undefined
    return found.filter((value) => value !== undefined).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  }
  const family = type === 'ipv4-cidr' ? 'ipv4' : 'ipv6'
  const ranges: Range[] = []
  for (const value of values) {
    const range = rangeOfJson(family, value)
    if (range === undefined) return undefined
    ranges.push(range)
  }
  return cidrsOfRanges(family, ranges).map((cidr) => formatCidr(cidr))
}

function rangeOfJson(family: Family, value: unknown): Range | undefined {
  const { data } = rangeSchema.safeParse(value)
  if (data === undefined) {
    const text = blockOfJson(family, value)
    const cidr = text === undefined ? undefined : parseCidr(text)
    return cidr?.family === family ? rangeOf(cidr) : undefined
  }
  const [first, last] = data.range.map((text) => parseAddress(text))
  if (first?.family !== family || last?.family !== family) return undefined
  return { from: first.value, to: last.value + 1n }
}
