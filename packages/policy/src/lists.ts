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
 * item (as a trailing comma makes one) is an error, as in Istio.
 */
export function parsePortList(text: string): number[] {
  return unique(items(text).map((item) => parsePort(item.trim())))
}

function parsePort(text: string): number {
  const port = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new ListItemError(`${JSON.stringify(text)} is not a port`)
  return port
}

/**
 * Comma separated CIDRs without spaces, as Go's `netip.ParsePrefix` reads them: host bits may be
 * set, no zone, no leading zeros. The empty text is the empty list.
 */
export function parseCidrList(text: string): string[] {
  return unique(
    items(text).map((item) => {
      if (!isCidr(item)) throw new ListItemError(`${JSON.stringify(item)} is not a CIDR`)
      return item
    }),
  )
}

/** Whether the text is one IPv4 or IPv6 prefix, written as Go's `netip.ParsePrefix` accepts it. */
export function isCidr(text: string): boolean {
  const match = /^([0-9a-fA-F.:]{2,45})\/(0|[1-9]\d{0,2})$/.exec(text)
  const [, address, length] = match ?? []
  if (address === undefined || length === undefined) return false
  if (isIpv4(address)) return Number(length) <= 32
  return isIpv6(address) && Number(length) <= 128
}

function isIpv4(text: string): boolean {
  const octets = text.split('.')
  return octets.length === 4 && octets.every((o) => /^(0|[1-9]\d{0,2})$/.test(o) && Number(o) < 256)
}

/** Groups of an IPv6 text; an embedded IPv4 tail counts as two. */
function groupCount(part: string, mayEndInIpv4: boolean): number {
  if (part === '') return 0
  const groups = part.split(':')
  const last = groups.at(-1) ?? ''
  const tail = mayEndInIpv4 && last.includes('.') && isIpv4(last)
  const hex = tail ? groups.slice(0, -1) : groups
  if (!hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return Number.NaN
  return hex.length + (tail ? 2 : 0)
}

function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length === 1) return groupCount(text, true) === 8
  if (halves.length !== 2) return false
  const [head = '', tail = ''] = halves
  return groupCount(head, false) + groupCount(tail, true) <= 7
}

/**
 * Comma separated interface names, each trimmed: 1 to 15 of letters, digits, `_`, `.` and `-`,
 * neither `.` nor `..`. The grammar is closed because the names end up in kernel rules.
 */
export function parseInterfaceList(text: string): string[] {
  return unique(
    items(text).map((item) => {
      const name = item.trim()
      if (!/^[A-Za-z0-9_.-]{1,15}$/.test(name) || name === '.' || name === '..') {
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
