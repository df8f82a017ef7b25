import * as z from 'zod/mini'
import { firstIssue } from './conf.ts'
import { PolicyError } from './error.ts'

/** The longest selection file that is read, in bytes: ten thousand namespaces fit. */
export const maxSelectionFileBytes = 1_048_576

/** What the agent tells the plugin about selection, in a file it replaces atomically. */
export interface SelectionFile {
  /** Version of this format. */
  version: 1
  /** Namespaces whose pods get a sidecar. */
  namespaces: string[]
}

function schema(): z.ZodMiniType<SelectionFile> {
  const named = 'must be the name of a namespace'
  const listed = 'must be a list of at most 16384 namespaces'
  const namespace = z.string(named).check(z.maxLength(63, named))
  const namespaces = z.array(namespace, listed).check(z.maxLength(16_384, listed))
  return z.object({ version: z.literal(1, 'must be 1'), namespaces }, 'must be an object')
}

/**
 * Reads the text of a selection file.
 * @throws PolicyError `selection-invalid`
 */
export function parseSelectionFile(text: string): SelectionFile {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new PolicyError('selection-invalid', 'selection file: it is not JSON', { cause: error })
  }
  const parsed = schema().safeParse(value, { jitless: true })
  if (parsed.success) return parsed.data
  throw new PolicyError('selection-invalid', `selection file: ${firstIssue(parsed.error)}`, {
    cause: parsed.error,
  })
}

/** The text of a selection file; namespaces are sorted and unique, so equal content is equal text. */
export function renderSelectionFile(namespaces: Iterable<string>): string {
  const file: SelectionFile = { version: 1, namespaces: [...new Set(namespaces)].sort() }
  return `${JSON.stringify(file)}\n`
}
