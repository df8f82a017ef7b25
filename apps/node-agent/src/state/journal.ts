import { mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

import { removeDurably, writeDurably } from './durable-file.ts'
import { parsePodRecord, type PodRecord } from './pod-record.ts'

const SUFFIX = '.json'

/** A journal entry that could not be read; it is set aside, never deleted. */
export interface UnreadableEntry {
  readonly file: string
  readonly why: string
}

/** The durable list of captured pods: one file each, replaced whole. */
export interface Journal {
  /** All pods, from memory. */
  list(): readonly PodRecord[]
  get(containerId: string): PodRecord | undefined
  /** Returns when the record is on disk. */
  write(record: PodRecord): Promise<void>
  /** Returns when the record is gone from disk; one that is not there is fine. */
  remove(containerId: string): Promise<void>
}

/** Opens the journal in `directory`, which is made; half-written files of a crash are passed over. */
export async function openJournal(
  directory: string,
): Promise<{ readonly journal: Journal; readonly unreadable: readonly UnreadableEntry[] }> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const records = new Map<string, PodRecord>()
  const unreadable: UnreadableEntry[] = []
  for (const name of await readdir(directory)) {
    if (!name.endsWith(SUFFIX)) continue
    const file = join(directory, name)
    try {
      const record = parsePodRecord(await readFile(file, 'utf8'))
      if (name !== `${record.containerId}${SUFFIX}`)
        throw new Error('the name is of another record')
      records.set(record.containerId, record)
    } catch (error) {
      await rename(file, `${file}.unreadable`)
      unreadable.push({ file, why: (error as Error).message })
    }
  }
  const fileOf = (containerId: string): string => join(directory, `${containerId}${SUFFIX}`)
  const journal: Journal = {
    list: () => [...records.values()],
    get: (containerId) => records.get(containerId),
    async write(record) {
      await writeDurably(fileOf(record.containerId), `${JSON.stringify(record)}\n`)
      records.set(record.containerId, record)
    },
    async remove(containerId) {
      await removeDurably(fileOf(containerId))
      records.delete(containerId)
    },
  }
  return { journal, unreadable }
}
