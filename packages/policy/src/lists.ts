import { formatCidr, parseCidr } from '@proxy/cni-types'

/** Why one item of a list cannot be used; the caller adds where it stood. */
export class ListItemError extends Error {
  override readonly name = 'ListItemError'
}

/** More items than anybody needs, and fewer than would make the kernel's rules a burden. */
const MAX_ITEMS = 1024

function items(text: string): string[] {
  if (text === '') return []
  const parts = text.split(',')
  if (parts.length > MAX_ITEMS) throw new ListItemError(`has more than ${MAX_ITEMS} items`)
  return parts
}

/**
 * Comma separated ports, each trimmed, 0 to 65535. The empty text is the empty list; an empty
 * item (as a trailing comma makes one) is an error, as in Istio. Port 0, which Istio takes and no
 * packet carries, is dropped.
 */
export function parsePortList(text: string): number[] {
  return unique(items(text).map((item) => parsePort(item.trim()))).filter((port) => port !== 0)
}

function parsePort(text: string): number {
  const port = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new ListItemError(`${JSON.stringify(text)} is not a port`)
  return port
}

/**
 * Comma separated CIDRs without spaces, as Go's `netip.ParsePrefix` reads them: no zone, no
 * leading zeros, host bits allowed. They come back in canonical text without host bits. The empty
 * text is the empty list.
 */
export function parseCidrList(text: string): string[] {
  return unique(items(text).map(canonicalCidr))
}

function canonicalCidr(text: string): string {
  const cidr = /\/(0|[1-9]\d*)$/.test(text) ? parseCidr(text) : undefined
  if (cidr === undefined) throw new ListItemError(`${JSON.stringify(text)} is not a CIDR`)
  const bytes = cidr.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, cidr.prefixLength - index * 8))
    return byte & (0xff << (8 - kept))
  })
  return formatCidr({ ...cidr, bytes })
}

/**
 * Comma separated interface names, each trimmed: 1 to 15 of letters, digits, `_`, `.`, `@` and `-`,
 * neither `.` nor `..`. The grammar is closed because the names end up in kernel rules.
 */
export function parseInterfaceList(text: string): string[] {
  return unique(
    items(text).map((item) => {
      const name = item.trim()
      if (!/^[A-Za-z0-9_.@-]{1,15}$/.test(name) || name === '.' || name === '..') {
        throw new ListItemError(`${JSON.stringify(name)} is not the name of an interface`)
      }
      return name
    }),
  )
}

/** The list without repetitions, in the order of first appearance. */
export function unique<T>(list: readonly T[]): T[] {
  return [...new Set(list)]
}
