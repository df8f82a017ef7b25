import { isIPv4, isIPv6 } from 'node:net'

import { NetnsError } from './error.ts'

/** An address with the length of its network prefix. */
export interface Cidr {
  readonly family: 'ipv4' | 'ipv6'
  readonly address: Uint8Array
  readonly prefixLength: number
}

/** Reads `address/length`. Throws `invalid-argument`. */
export function parseCidr(text: string): Cidr {
  const [address = '', length = '', ...more] = text.split('/')
  const bytes = parseAddress(address)
  const prefixLength = /^\d{1,3}$/.test(length) ? Number(length) : -1
  const valid = prefixLength >= 0 && prefixLength <= (bytes?.length ?? 0) * 8
  if (bytes === undefined || more.length > 0 || !valid) {
    throw new NetnsError(
      'invalid-argument',
      `address ${JSON.stringify(text)}: give an address and a prefix length, like 10.0.0.1/24 or ::6/128`,
    )
  }
  return { family: bytes.length === 4 ? 'ipv4' : 'ipv6', address: bytes, prefixLength }
}

/** The 4 or 16 bytes of an address; undefined when the text is none. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number)
  if (!isIPv6(text) || text.includes('%')) return undefined
  const dotted = /\d+\.\d+\.\d+\.\d+$/.exec(text)?.[0]
  const quad = dotted?.split('.').map(Number) ?? []
  const [a = 0, b = 0, c = 0, d = 0] = quad
  const hex = ((a << 8) | b).toString(16) + ':' + ((c << 8) | d).toString(16)
  const groups = dotted === undefined ? text : text.slice(0, -dotted.length) + hex
  const [head = '', tail] = groups.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return Uint8Array.from(
    [...before, ...zeros, ...after].flatMap((group) => {
      const value = parseInt(group, 16)
      return [value >> 8, value & 0xff]
    }),
  )
}

/** The text of 4 or 16 bytes, IPv6 as RFC 5952 wants it. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  )
  const mapped = groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff'
  if (mapped) return `::ffff:${bytes.subarray(12).join('.')}`
  const { start, length } = longestZeros(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === '0') length += 1
    if (length > best.length) best = { start, length }
  }
  return best
}
