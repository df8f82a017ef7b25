import { type Family } from './family.ts'

/** Length of an address in bits. */
export const addressBits: Readonly<Record<Family, 32 | 128>> = { ipv4: 32, ipv6: 128 }

/** An address as a number, so that ranges can be computed. */
export interface Address {
  readonly family: Family
  readonly value: bigint
}

/** Reads `10.0.0.1` or `fd00::1`; undefined when it is neither. Zone identifiers are refused. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(':')) {
    const value = parseIpv6(text)
    return value === undefined ? undefined : { family: 'ipv6', value }
  }
  const value = parseIpv4(text)
  return value === undefined ? undefined : { family: 'ipv4', value }
}

/** Writes an address: dotted decimal, or RFC 5952 form (`fd00::1`). */
export function formatAddress({ family, value }: Address): string {
  return family === 'ipv4' ? formatIpv4(value) : formatIpv6(value)
}

/** The bytes of an address in network order: 4 or 16. */
export function addressBytes({ family, value }: Address): Uint8Array {
  const bytes = new Uint8Array(addressBits[family] / 8)
  let rest = value
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** The address made of bytes in network order. */
export function addressOfBytes(family: Family, bytes: Uint8Array): Address {
  return { family, value: bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) }
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    // A leading zero is octal to some tools and decimal to others.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return value
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const last = halves.length - 1
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === last)) as [
    Groups,
    Groups?,
  ]
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])]
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n)
}

type Groups = readonly number[] | undefined

/** The last 32 bits of an address may be written as an IPv4 address. */
function groupsOf(text: string, isEnd: boolean): Groups {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && isEnd && index === parts.length - 1) {
      const ipv4 = parseIpv4(part)
      if (ipv4 === undefined) return undefined
      groups.push(Number(ipv4 >> 16n), Number(ipv4 & 0xffffn))
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16))
    } else {
      return undefined
    }
  }
  return groups
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.')
}

function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    Number((value >> BigInt(112 - 16 * index)) & 0xffffn),
  )
  const { start, length } = longestZeros(groups)
  const hex = groups.map((group) => group.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start }
  }
  return best
}
