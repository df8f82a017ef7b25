import { type z } from 'zod'

import { type SpecIssue } from './issue.ts'

/** Most faults written into one message; `issues` has them all. */
const shown = 5

/** The faults that zod found, each with the value it found. */
export function issuesOf(
  error: z.ZodError,
  input: unknown,
  fields: readonly string[],
): readonly SpecIssue[] {
  return error.issues.flatMap((issue): SpecIssue[] => {
    const path = issue.path.filter((key) => typeof key !== 'symbol')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: pathText([...path, key]),
        value: valueAt(input, [...path, key]),
        message: `is not a field; allowed are ${fields.join(', ')}`,
      }))
    }
    return [{ path: pathText(path), value: valueAt(input, path), message: issue.message }]
  })
}

/** One message for all faults, as `excludeInboundPorts[1] 0: must be …; …`. */
export function messageOf(issues: readonly SpecIssue[]): string {
  const lines = issues.slice(0, shown).map(({ path, value, message }) => {
    const where = path === '' ? 'input' : path
    return `${where} ${valueText(value)}: ${message}`
  })
  const more = issues.length > shown ? `; and ${issues.length - shown} more` : ''
  return `invalid redirect specification: ${lines.join('; ')}${more}`
}

function pathText(path: readonly (string | number)[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`))
    .join('')
}

function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string | number, unknown>)[key]
        : undefined,
    input,
  )
}

function valueText(value: unknown): string {
  if (value === undefined) return '(absent)'
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    // A cycle or a bigint: its kind is all that can be said of it.
  }
  text ??= `(${typeof value})`
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
