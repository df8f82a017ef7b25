/** A parsed IP address. */
export interface IpAddress {
  /** Letters the address was written in; an IPv4-mapped IPv6 address is `ipv6` here. */
  readonly form: 'ipv4' | 'ipv6'
  /** 4 or 16 bytes, network order. */
  readonly bytes: Uint8Array
}

/** A parsed address with prefix length. Bits behind the prefix are kept: 10.1.2.30/24 is a host. */
export interface IpCidr extends IpAddress {
  /** 0 to 32, or to 128. */
  readonly prefixLength: number
}

/** `4` or `6`, as the field `version` of results before 1.0.0 has it. */
export type IpVersion = '4' | '6'

/** Parses an address as Go does: no zone, no leading zeros in IPv4; `undefined` when it is none. */
export function parseIp(text: string): IpAddress | undefined {
  const bytes = text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text)
  return bytes && { form: bytes.length === 4 ? 'ipv4' : 'ipv6', bytes }
}

/** Parses `address/prefix`; `undefined` when it is none. */
export function parseCidr(text: string): IpCidr | undefined {
  const slash = text.indexOf('/')
  if (slash === -1) return undefined
  const address = parseIp(text.slice(0, slash))
  const prefix = text.slice(slash + 1)
  if (address === undefined || !/^\d{1,3}$/.test(prefix)) return undefined
  const prefixLength = Number(prefix)
  return prefixLength <= address.bytes.length * 8 ? { ...address, prefixLength } : undefined
}

/** Family as results know it: an IPv4-mapped IPv6 address counts as 4. */
export function ipVersionOf(address: IpAddress): IpVersion {
  const { bytes } = address
  if (bytes.length === 4) return '4'
  const mapped =
    bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((b) => b === 0)
  return mapped ? '4' : '6'
}

/** Writes an address in its usual form (RFC 5952 for IPv6, IPv4-mapped ones as `::ffff:a.b.c.d`). */
export function formatIp(address: IpAddress): string {
  const { bytes } = address
  if (bytes.length === 4) return bytes.join('.')
  if (ipVersionOf(address) === '4') return `::ffff:${bytes.subarray(12).join('.')}`
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  )
  const [start, length] = longestZeros(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

/** Writes `address/prefix`. */
export function formatCidr(cidr: IpCidr): string {
  return `${formatIp(cidr)}/${cidr.prefixLength}`
}

function longestZeros(groups: readonly string[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  let start = 0
  for (let end = 0; end <= groups.length; end++) {
    if (groups[end] === '0') continue
    if (end - start > best[1]) best = [start, end - start]
    start = end + 1
  }
  return best
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  const valid =
    parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) < 256)
  return valid ? Uint8Array.from(parts, Number) : undefined
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => groupBytes(half))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  // Only the last part may end in dotted IPv4.
  if (halves.length === 2 && halves[0]?.includes('.')) return undefined
  const used = head.length + (tail?.length ?? 0)
  if (tail === undefined ? used !== 16 : used > 14) return undefined
  const bytes = new Uint8Array(16)
  bytes.set(head)
  if (tail !== undefined) bytes.set(tail, 16 - tail.length)
  return bytes
}

function groupBytes(text: string): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (index === groups.length - 1 && group.includes('.')) {
      const dotted = ipv4Bytes(group)
      if (dotted === undefined) return undefined
      bytes.push(...dotted)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    } else {
      return undefined
    }
  }
  return bytes
}
