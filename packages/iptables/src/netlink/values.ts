import { IptablesError } from '../error.ts'
import { addressBits, addressBytes, addressOfBytes } from '../model/address.ts'
import { cidrOf, cidrsOfRanges, formatCidr, type Range, rangeOf } from '../model/cidr.ts'
import { type Family } from '../model/family.ts'
import { type NamedSet, type SetType } from '../model/rule-set.ts'
import { hostBytes32, networkBytes16, numberOfHostBytes32 } from './byte-order.ts'
import { interfaceNameSize, setInterval } from './constants.ts'
import { textOfBytes, viewOf } from './reader.ts'

/** How nf_tables keeps the values of a set. */
export interface SetShape {
  /** Number that `nft` gives the type, so that it lists the set in words. */
  readonly keyType: number
  /** Bytes of a value. */
  readonly keyLength: number
  /** Flags of the set. */
  readonly flags: number
  /** Byte order of a value: 1 is the machine's, 2 the network's. Only `nft` asks, to list it. */
  readonly byteOrder: 1 | 2
}

/** The shape of each type of set; numbers are those of `enum datatypes` of nft. */
export const setShapes: Readonly<Record<SetType, SetShape>> = {
  'ipv4-cidr': { keyType: 7, keyLength: 4, flags: setInterval, byteOrder: 2 },
  'ipv6-cidr': { keyType: 8, keyLength: 16, flags: setInterval, byteOrder: 2 },
  port: { keyType: 13, keyLength: 2, flags: 0, byteOrder: 2 },
  mark: { keyType: 19, keyLength: 4, flags: 0, byteOrder: 1 },
  uid: { keyType: 24, keyLength: 4, flags: 0, byteOrder: 1 },
  gid: { keyType: 25, keyLength: 4, flags: 0, byteOrder: 1 },
  interface: { keyType: 41, keyLength: interfaceNameSize, flags: 0, byteOrder: 1 },
}

/** One element as the kernel has it. */
export interface SetElement {
  readonly key: Uint8Array
  /** Whether an interval ends before the key, instead of beginning at it. */
  readonly isEnd: boolean
}

/** The bytes of one value, as the kernel compares it. */
export function valueBytes(type: SetType, value: string | number): Uint8Array {
  switch (type) {
    case 'port':
      return networkBytes16(Number(value))
    case 'uid':
    case 'gid':
    case 'mark':
      return hostBytes32(Number(value))
    case 'interface': {
      const bytes = new Uint8Array(interfaceNameSize)
      new TextEncoder().encodeInto(String(value), bytes)
      return bytes
    }
    case 'ipv4-cidr':
    case 'ipv6-cidr':
      return addressBytes(cidrOf(String(value)))
  }
}

/** The value that {@link valueBytes} wrote; for all but CIDRs, which are intervals. */
function valueOfBytes(
  type: Exclude<SetType, 'ipv4-cidr' | 'ipv6-cidr'>,
  bytes: Uint8Array,
): string | number {
  switch (type) {
    case 'port':
      return viewOf(bytes).getUint16(0)
    case 'uid':
    case 'gid':
    case 'mark':
      return numberOfHostBytes32(bytes)
    case 'interface':
      return textOfBytes(bytes)
  }
}

/** The elements of a set, as the kernel keeps them. */
export function elementsOf(set: NamedSet): readonly SetElement[] {
  const family = familyOfType(set.type)
  if (family === undefined) {
    return set.elements.map((value) => ({ key: valueBytes(set.type, value), isEnd: false }))
  }
  const ranges = set.elements.map((value) => {
    const cidr = cidrOf(String(value))
    if (cidr.family === family) return rangeOf(cidr)
    throw new IptablesError('ruleset-invalid', `set ${set.name} cannot hold ${value}`, {
      object: `set ${set.name}`,
    })
  })
  return boundaries(family, ranges)
}

/** The values of a set whose elements were read from the kernel. */
export function valuesOfElements(
  type: SetType,
  elements: readonly SetElement[],
): NamedSet['elements'] {
  const family = familyOfType(type)
  if (family === undefined) {
    return elements
      .map(({ key }) => valueOfBytes(type as 'port', key))
      .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  }
  return cidrsOfRanges(family, rangesOf(family, elements)).map((cidr) => formatCidr(cidr))
}

function familyOfType(type: SetType): Family | undefined {
  return type === 'ipv4-cidr' ? 'ipv4' : type === 'ipv6-cidr' ? 'ipv6' : undefined
}

/** Each interval begins at an element and ends before another; one up to the end has only the first. */
function boundaries(family: Family, ranges: readonly Range[]): SetElement[] {
  const end = 1n << BigInt(addressBits[family])
  const key = (value: bigint): Uint8Array => addressBytes({ family, value })
  const joined = cidrsOfRanges(family, ranges).map((cidr) => rangeOf(cidr))
  const elements: SetElement[] = []
  // nft marks the gap before the first interval, and expects to find the mark.
  if (joined[0] !== undefined && joined[0].from > 0n) elements.push({ key: key(0n), isEnd: true })
  for (const { from, to } of joined) {
    elements.push({ key: key(from), isEnd: false })
    if (to < end) elements.push({ key: key(to), isEnd: true })
  }
  return elements
}

function rangesOf(family: Family, elements: readonly SetElement[]): Range[] {
  const end = 1n << BigInt(addressBits[family])
  const points = elements
    .map(({ key, isEnd }) => ({ value: addressOfBytes(family, key).value, isEnd }))
    .sort((a, b) =>
      a.value === b.value ? Number(b.isEnd) - Number(a.isEnd) : a.value < b.value ? -1 : 1,
    )
  const ranges: Range[] = []
  let from: bigint | undefined
  for (const { value, isEnd } of points) {
    if (from !== undefined) ranges.push({ from, to: value })
    from = isEnd ? undefined : value
  }
  if (from !== undefined) ranges.push({ from, to: end })
  return ranges
}
