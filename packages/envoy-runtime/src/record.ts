import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { EnvoyRuntimeError, systemCode } from './error.ts'
import { type FileIdentity } from './proc.ts'

/** What is known of a started sidecar, written before its process becomes Envoy. */
export interface SidecarRecord {
  readonly version: 1
  readonly bootId: string
  readonly pid: number
  readonly startTicks: number
  readonly executable: FileIdentity
  readonly netns: FileIdentity
  readonly startedAt: string
  readonly specHash: string
  readonly labels: Readonly<Record<string, string>>
  /** Size of the log before this start. */
  readonly logOffset: number
}

const file = z.object({ dev: z.number(), ino: z.number() })
const recordSchema: z.ZodType<SidecarRecord> = z.object({
  version: z.literal(1),
  bootId: z.string(),
  pid: z.number().int().positive(),
  startTicks: z.number(),
  executable: file,
  netns: file,
  startedAt: z.string(),
  specHash: z.string(),
  labels: z.record(z.string(), z.string()),
  logOffset: z.number().int().nonnegative(),
})

/**
 * Reads a record; `undefined` when there is none, or when it cannot be understood: the lock still
 * tells whether the sidecar runs, so a broken record costs its labels and not its sidecar.
 */
export async function readRecord(path: string): Promise<SidecarRecord | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw new EnvoyRuntimeError('state-invalid', `read ${path}`, { cause: error })
  }
  try {
    return recordSchema.parse(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined
    throw error
  }
}

/** Writes a record so that a reader sees the old one or the new one, never half of it. */
export async function writeRecord(path: string, record: SidecarRecord): Promise<void> {
  const temporary = `${path}.tmp`
  await rm(temporary, { force: true })
  await writeFile(temporary, JSON.stringify(record), { mode: 0o600, flag: 'wx' })
  await rename(temporary, path)
}
