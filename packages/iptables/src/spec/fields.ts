import { z } from 'zod'

import { parseAddress, formatAddress } from '../model/address.ts'
import { formatCidr, parseCidr } from '../model/cidr.ts'
import { families, type Family } from '../model/family.ts'
import { takesAllOr } from './json-schema.ts'

/** Most entries of one list; what a netlink datagram of default size can carry. */
const maxEntries = 2048

/** Most uids or gids of proxies. */
const maxOwners = 64

/** Highest id a socket can have; 2^32 - 1 means "no id" to the kernel. */
const maxId = 4_294_967_294

const portText = 'must be a whole number from 1 to 65535'

/** A TCP or UDP port: 1 to 65535. Port 0 is none, and `*` is not a port. */
export const port: z.ZodInt = z.int({ error: portText }).min(1, portText).max(65_535, portText)

/** Ports without duplicates. */
export const ports: z.ZodType<number[]> = list(port, 'must be a list of ports from 1 to 65535')

/** Ports, or `*` for all. */
export const portsOrAll: z.ZodType<'*' | number[]> = allOr(
  ports,
  'must be "*" (all ports) or a list of ports from 1 to 65535',
)

/** A block of addresses in canonical text. */
export const cidr: z.ZodType<string> = z
  .string({ error: 'must be a CIDR such as "10.0.0.0/8" or "fd00::/8"' })
  .transform((text, context) => {
    const parsed = parseCidr(text)
    if (parsed === undefined) {
      const hint = parseAddress(text) === undefined ? '' : ` (for one address, add /32 or /128)`
      context.addIssue(`must be a CIDR such as "10.0.0.0/8" or "fd00::/8"${hint}`)
      return z.NEVER
    }
    if (parsed.hostBits) {
      context.addIssue(`must not have bits behind the prefix: "${formatCidr(parsed)}" is allowed`)
      return z.NEVER
    }
    return formatCidr(parsed)
  })

/** Blocks without duplicates. */
export const cidrs: z.ZodType<string[]> = list(cidr, 'must be a list of CIDRs')

/** Blocks, or `*` for every address. */
export const cidrsOrAll: z.ZodType<'*' | string[]> = allOr(
  cidrs,
  'must be "*" (all addresses) or a list of CIDRs',
)

const interfaceText =
  'must be the name of an interface: 1 to 15 letters, digits or . _ - @, without + or *'

/** Names of interfaces (IFNAMSIZ is 16 with the final NUL; `+` would be a wildcard). */
export const interfaces: z.ZodType<string[]> = list(
  z
    .string({ error: interfaceText })
    .regex(/^[A-Za-z0-9._@-]{1,15}$/, interfaceText)
    .refine((name) => name !== '.' && name !== '..', interfaceText),
  'must be a list of names of interfaces',
)

const idText = `must be a whole number from 1 to ${maxId} (0 is root, whose traffic would not be captured)`

/** Ids of the proxy's users or groups. */
export const owners: z.ZodType<number[]> = list(
  z.int({ error: idText }).min(1, idText).max(maxId, idText),
  'must be a list of numeric ids',
).refine((ids) => ids.length <= maxOwners, `must have at most ${maxOwners} entries`)

const groupText = `must be a numeric group id from 0 to ${maxId}; names are not looked up`

/** Ids of groups without duplicates; the group of root is one. */
export const groups: z.ZodType<number[]> = list(
  z.int({ error: groupText }).min(0, groupText).max(maxId, groupText),
  'must be a list of numeric group ids',
).refine((ids) => ids.length <= maxOwners, `must have at most ${maxOwners} entries`)

/** Ids of groups, or `*` for all. */
export const groupsOrAll: z.ZodType<'*' | number[]> = allOr(
  groups,
  'must be "*" (all groups) or a list of numeric group ids',
)

const markText = 'must be a whole number from 1 to 4294967295 (0 is a packet without a mark)'

/** A mark of packets: all 32 bits. */
export const mark: z.ZodInt = z.int({ error: markText }).min(1, markText).max(0xffff_ffff, markText)

const tableText =
  'must be the number of a routing table, from 1 to 4294967295, but not 253, 254 or 255 (those of the system)'

/** A routing table of our own. */
export const routingTable: z.ZodType<number> = z
  .int({ error: tableText })
  .min(1, tableText)
  .max(0xffff_ffff, tableText)
  .refine((table) => table < 253 || table > 255, tableText)

/** Marks without duplicates. */
export const marks: z.ZodType<number[]> = list(mark, 'must be a list of marks').refine(
  (list) => list.length <= maxOwners,
  `must have at most ${maxOwners} entries`,
)

/** The families to capture, in the order of {@link families}. */
export const familyList: z.ZodType<Family[]> = list(
  z.enum(['ipv4', 'ipv6'], { error: 'must be "ipv4" or "ipv6"' }),
  'must be a list of "ipv4" and "ipv6"',
)
  .refine((list) => list.length > 0, 'must name at least one family')
  .transform((list) => families.filter((family) => list.includes(family)))

/** One address of a family in canonical text, without prefix. */
export function addressOf(family: Family, example: string): z.ZodType<string> {
  const text = `must be an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address such as "${example}"`
  return z.string({ error: text }).transform((value, context) => {
    const address = parseAddress(value)
    if (address?.family === family) return formatAddress(address)
    context.addIssue(text)
    return z.NEVER
  })
}

const anyAddressText = 'must be an address such as "10.96.0.10" or "fd00::a", without a prefix'

/** Addresses of either family without duplicates, in canonical text, or `*` for all. */
export const addressesOrAll: z.ZodType<'*' | string[]> = allOr(
  list(
    z.string({ error: anyAddressText }).transform((value, context) => {
      const address = parseAddress(value)
      if (address !== undefined) return formatAddress(address)
      context.addIssue(anyAddressText)
      return z.NEVER
    }),
    'must be a list of addresses',
  ),
  'must be "*" (all servers) or a list of addresses',
)

function allOr<T>(inner: z.ZodType<T>, text: string): z.ZodType<'*' | T> {
  const schema = z.unknown().transform((value, context): '*' | T => {
    if (value === '*') return '*'
    if (!Array.isArray(value)) {
      context.addIssue(text)
      return z.NEVER
    }
    const parsed = inner.safeParse(value)
    if (parsed.success) return parsed.data
    for (const { path, message } of parsed.error.issues)
      context.addIssue({ code: 'custom', path, message })
    return z.NEVER
  })
  return takesAllOr(schema, inner)
}

function list<T extends string | number>(item: z.ZodType<T>, text: string): z.ZodType<T[]> {
  return z
    .array(item, { error: text })
    .max(maxEntries, `must have at most ${maxEntries} entries`)
    .superRefine((values, context) => {
      const first = new Map<T, number>()
      for (const [index, value] of values.entries()) {
        const before = first.get(value)
        if (before === undefined) first.set(value, index)
        else {
          context.addIssue({
            code: 'custom',
            path: [index],
            message: `must not repeat entry [${before}]`,
          })
        }
      }
    })
}
