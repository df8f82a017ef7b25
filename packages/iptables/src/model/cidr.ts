import { type Address, addressBits, formatAddress, parseAddress } from './address.ts'
import { type Family } from './family.ts'

/** A block of addresses; host bits are zero. */
export interface Cidr extends Address {
  /** Number of leading bits that are fixed. */
  readonly prefix: number
}

/** A block as read, before anybody decided what host bits mean. */
export interface LooseCidr extends Cidr {
  /** Whether bits behind the prefix were set; `value` has them cleared. */
  readonly hostBits: boolean
}

/** Reads `10.0.0.0/8` or `fd00::/8`; undefined when it is neither. */
export function parseCidr(text: string): LooseCidr | undefined {
  const slash = text.lastIndexOf('/')
  if (slash < 0) return undefined
  const address = parseAddress(text.slice(0, slash))
  const length = text.slice(slash + 1)
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined
  const prefix = Number(length)
  if (prefix > addressBits[address.family]) return undefined
  const value = address.value & ~hostMask(address.family, prefix)
  return { family: address.family, prefix, value, hostBits: value !== address.value }
}

/** The block that {@link parseCidr} reads; for text that is known to be one. */
export function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw new TypeError(`not a CIDR: ${text}`)
  return cidr
}

/** Writes a block as `10.0.0.0/8`. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr)}/${cidr.prefix}`
}

/** The bits behind the prefix. */
export function hostMask(family: Family, prefix: number): bigint {
  return (1n << BigInt(addressBits[family] - prefix)) - 1n
}

/** First address, and the one after the last. */
export interface Range {
  readonly from: bigint
  readonly to: bigint
}

/** The addresses of a block. */
export function rangeOf(cidr: Cidr): Range {
  return { from: cidr.value, to: cidr.value + hostMask(cidr.family, cidr.prefix) + 1n }
}

/** Whether every address of `inner` is in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  return outer.family === inner.family && outer.prefix <= inner.prefix && overlaps(outer, inner)
}

/** Whether the blocks have an address in common. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  if (a.family !== b.family) return false
  const shift = BigInt(addressBits[a.family] - Math.min(a.prefix, b.prefix))
  return a.value >> shift === b.value >> shift
}

/** Sorts ranges and joins those that overlap or touch. */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))
  const merged: Range[] = []
  for (const range of sorted) {
    const last = merged.at(-1)
    if (last === undefined || range.from > last.to) merged.push(range)
    else if (range.to > last.to) merged[merged.length - 1] = { from: last.from, to: range.to }
  }
  return merged
}

/** The fewest blocks that hold exactly the addresses of the ranges, sorted. */
export function cidrsOfRanges(family: Family, ranges: readonly Range[]): Cidr[] {
  return mergeRanges(ranges).flatMap(({ from, to }) => {
    const cidrs: Cidr[] = []
    for (let at = from; at < to;) {
      let prefix = addressBits[family]
      while (prefix > 0) {
        const mask = hostMask(family, prefix - 1)
        if ((at & mask) !== 0n || at + mask + 1n > to) break
        prefix--
      }
      cidrs.push({ family, prefix, value: at })
      at += hostMask(family, prefix) + 1n
    }
    return cidrs
  })
}

/** The fewest blocks of one family that hold exactly the addresses of all given, sorted. */
export function aggregateCidrs(family: Family, cidrs: readonly string[]): string[] {
  const ranges = cidrs
    .map((text) => cidrOf(text))
    .filter((cidr) => cidr.family === family)
    .map((cidr) => rangeOf(cidr))
  return cidrsOfRanges(family, ranges).map((cidr) => formatCidr(cidr))
}
