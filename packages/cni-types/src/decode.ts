import * as z from 'zod/mini'
import { CniError, cniErrorCodes } from './error.ts'
import { isJsonObject, parseJson } from './json.ts'

/** Text of bytes as they came over a pipe; like Go, malformed UTF-8 becomes U+FFFD. */
function textOf(input: string | Uint8Array): string {
  // A byte order mark is kept, and is then no JSON, as for Go.
  return typeof input === 'string'
    ? input
    : new TextDecoder('utf-8', { ignoreBOM: true }).decode(input)
}

/**
 * Decodes JSON. Throws a {@link CniError} of code 6 whose message is `what: ` and the reason.
 */
export function decodeJson(input: string | Uint8Array, what: string): unknown {
  const text = textOf(input)
  try {
    return parseJson(text)
  } catch (error) {
    // A RangeError comes from nesting deeper than the stack.
    const reason = text.trim() === '' ? 'unexpected end of JSON input' : (error as Error).message
    throw new CniError(cniErrorCodes.decodingFailure, `${what}: ${reason}`, undefined, {
      cause: error,
    })
  }
}

/**
 * Holds `value` to `schema` and returns `value` itself, never a copy, so that unknown keys and their
 * order stay. Schemas passed here therefore check only: no defaults, no transforms. Throws a
 * {@link CniError} of code 6 with the JSON path of the first fault.
 */
export function check<T>(schema: z.core.$ZodType<T>, value: unknown, what: string): T {
  // Compiling a checker costs more than it gains in a process that checks one value.
  const parsed = z.core.safeParse(schema, value, { jitless: true })
  if (parsed.success) return value as T
  const issue = parsed.error.issues[0]
  const path = issue?.path ?? []
  const reason = issue === undefined ? 'invalid' : reasonOf(issue, path.reduce(step, value))
  throw new CniError(cniErrorCodes.decodingFailure, `${what}: ${pathOf(path)}: ${reason}`)
}

/** `$.ips[0].address`, in the way of JSONPath. */
function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    const name = String(key)
    return /^[A-Za-z_]\w*$/.test(name) ? `${text}.${name}` : `${text}[${JSON.stringify(name)}]`
  }, '$')
}

function step(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined
}

function reasonOf(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${nameOf(issue.expected)}, got ${kindOf(value)}`
    case 'invalid_value':
      return `expected one of ${issue.values.map((allowed) => JSON.stringify(allowed)).join(', ')}`
    case 'too_big':
    case 'too_small':
      return 'number out of range'
    default:
      return issue.message
  }
}

function nameOf(expected: string): string {
  return expected === 'int' ? 'integer' : expected === 'record' ? 'object' : expected
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isJsonObject(value) && 'rawJSON' in value) return 'a number out of range'
  return typeof value
}
