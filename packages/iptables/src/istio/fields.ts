import { formatAddress, parseAddress } from '../model/address.ts'
import { cidrOf, covers, parseCidr } from '../model/cidr.ts'

/** Highest id a socket can have; 2^32 - 1 means "no id" to the kernel. */
const highestId = 4_294_967_294

/** A value, or what is wrong with the text and what is allowed. */
export type Read<T> = { readonly value: T } | { readonly wrong: string }

/** Most entries of one list. */
const maxEntries = 2048

/** Most groups that one rule can exclude; Istio's own limit. */
export const maxOwnerGroups = 64

const booleans: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  true: true,
  True: true,
  TRUE: true,
  '0': false,
  f: false,
  F: false,
  false: false,
  False: false,
  FALSE: false,
}

/** The words that Go takes for a boolean; undefined for any other. */
export function isTrue(text: string): boolean | undefined {
  return Object.hasOwn(booleans, text) ? booleans[text] : undefined
}

/** A switch. */
export function readSwitch(text: string): Read<boolean> {
  const value = isTrue(text)
  return value === undefined ? { wrong: 'must be true or false' } : { value }
}

/** A whole number within bounds, in decimal. */
export function numberFrom(low: number, high: number): (text: string) => Read<number> {
  const wrong = `must be a whole number from ${low} to ${high}`
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : -1
    return value >= low && value <= high ? { value } : { wrong }
  }
}

/** A list with commas; empty entries are left out, as Istio does, and so are spaces around entries. */
export function listOf<T>(item: (text: string) => Read<T>): (text: string) => Read<readonly T[]> {
  return (text) => {
    const parts = text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
    if (parts.length > maxEntries) return { wrong: `must have at most ${maxEntries} entries` }
    const values: T[] = []
    for (const part of parts) {
      const read = item(part)
      if ('wrong' in read) return { wrong: `entry "${part.slice(0, 60)}" ${read.wrong}` }
      values.push(read.value)
    }
    return { value: values }
  }
}

/** `*`, or what the other reads. */
export function allOr<T>(other: (text: string) => Read<T>): (text: string) => Read<'*' | T> {
  return (text) => {
    if (text.trim() === '*') return { value: '*' }
    const read = other(text)
    return 'wrong' in read && text.includes('*') ? { wrong: `${read.wrong}; * stands alone` } : read
  }
}

/** A list that must not be empty. */
export function filled<T>(
  list: (text: string) => Read<readonly T[]>,
): (text: string) => Read<readonly T[]> {
  return (text) => {
    const read = list(text)
    return 'value' in read && read.value.length === 0
      ? { wrong: 'must have at least one entry' }
      : read
  }
}

/** A port in a list: 0 is one here, because Istio takes it. */
export const readPort: (text: string) => Read<number> = numberFrom(0, 65_535)

/** A block of addresses in canonical text; host bits are kept, the kernel clears them. */
export function readCidr(text: string): Read<string> {
  const slash = text.lastIndexOf('/')
  const address = parseAddress(text.slice(0, slash))
  if (parseCidr(text) === undefined || address === undefined) {
    const hint = parseAddress(text) === undefined ? '' : ' (for one address, add /32 or /128)'
    return { wrong: `must be a CIDR such as 10.0.0.0/8 or fd00::/8${hint}` }
  }
  return { value: `${formatAddress(address)}${text.slice(slash)}` }
}

/** The loopback block of IPv4, as it was written. */
export function readLoopback(text: string): Read<string> {
  const cidr = parseCidr(text)
  return cidr !== undefined && covers(cidrOf('127.0.0.0/8'), cidr)
    ? { value: text }
    : { wrong: 'must be a block within 127.0.0.0/8 such as 127.0.0.1/32' }
}

/** An address, as it was written. */
export function readAddress(text: string): Read<string> {
  return parseAddress(text) === undefined
    ? { wrong: 'must be an address such as 10.0.0.10 or fd00::10' }
    : { value: text }
}

/** The name of an interface; `+` at the end is any rest, as in iptables. */
export function readInterface(text: string): Read<string> {
  return /^[A-Za-z0-9._@-]{1,14}\+$|^[A-Za-z0-9._@-]{1,15}$/.test(text)
    ? { value: text }
    : { wrong: 'must be the name of an interface: 1 to 15 letters, digits or . _ - @' }
}

/** A user or a group: a number, a range of numbers, or a name of this machine. */
export function readOwner(text: string): Read<string> {
  const numbers = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text)
  if (numbers !== null) {
    const [low, high] = [Number(numbers[1]), Number(numbers[2] ?? numbers[1])]
    if (low <= high && high <= highestId) return { value: text }
  } else if (/^[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?$/.test(text)) {
    return { value: text }
  }
  return { wrong: `must be a number from 0 to ${highestId}, a range such as 1-99, or a name` }
}
