import { isAbsolute, normalize } from 'node:path'

/** How rules reach the kernel. */
export const BACKENDS = ['nftables', 'iptables-nft', 'iptables-legacy'] as const
export type Backend = (typeof BACKENDS)[number]

/** Where identities come from. */
export const SOURCES = ['built-in', 'directory'] as const
export type Source = (typeof SOURCES)[number]

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A value that a setting refuses; the message completes "must be". */
export class ValueError extends Error {
  override name = 'ValueError'
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** A duration as Go writes it (`15s`, `1m`), of one number and one unit, in milliseconds. */
export function duration({
  min,
  max,
}: {
  readonly min: string
  readonly max: string
}): (text: string) => number {
  const [least, most] = [milliseconds(min), milliseconds(max)]
  return (text) => {
    const value = milliseconds(text)
    if (value === undefined || value < (least ?? 0) || value > (most ?? Infinity)) {
      throw new ValueError(`a duration from ${min} to ${max}, such as 15s, 10m, 24h`)
    }
    return value
  }
}

function milliseconds(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  const factor = UNIT_MS[unit ?? '']
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor
}

export function absolutePath(text: string): string {
  if (!isAbsolute(text) || text.includes('\0')) throw new ValueError('an absolute path')
  return normalize(text)
}

export function port(text: string): number {
  return wholeNumber(text, 1, 65_535)
}

/** Not root: the rules would then exempt what root sends. */
export function userId(text: string): number {
  return wholeNumber(text, 1, 4_294_967_294)
}

function wholeNumber(text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw new ValueError(`a whole number from ${min} to ${max}`)
  return value
}

export function oneOf<const T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((value) => value === text)
    if (found === undefined) throw new ValueError(`one of ${allowed.join(', ')}`)
    return found
  }
}

export function switchValue(text: string): boolean {
  if (text === 'true') return true
  if (text === 'false') return false
  throw new ValueError('true or false')
}

/** The authority part of a SPIFFE id (SPIFFE-ID section 2.1). */
export function trustDomain(text: string): string {
  if (!/^[a-z0-9._-]{1,255}$/.test(text)) {
    throw new ValueError('lower-case letters, digits, dots, dashes and underscores')
  }
  return text
}

/** Names by comma; blanks around them and empty ones are dropped. */
export function namespaceList(text: string): readonly string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const wrong = names.find((name) => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
  if (wrong !== undefined) throw new ValueError('names of namespaces, separated by commas')
  return names
}
