import { mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

import { removeDurably, writeDurably } from './durable-file.ts'
import { parsePodRecord, type PodRecord } from './pod-record.ts'

const SUFFIX = '.json'
const SET_ASIDE_SUFFIX = '.json.unreadable'

/** A journal entry that could not be read; it is set aside until its pod is deleted or added again. */
export interface UnreadableEntry {
  readonly file: string
  readonly why: string
}

/** The durable list of captured pods: one file each, replaced whole. */
export interface Journal {
  /** All pods, from memory. */
  list(): readonly PodRecord[]
  get(containerId: string): PodRecord | undefined
  /** Whether there is a pod of this id whose entry could not be read, now or at an earlier start. */
  isSetAside(containerId: string): boolean
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
  const fileOf = (containerId: string): string => join(directory, `${containerId}${SUFFIX}`)
  const setAsideFileOf = (containerId: string): string =>
    join(directory, `${containerId}${SET_ASIDE_SUFFIX}`)
  /** Its pod is known again, or gone. */
  const forget = async (containerId: string): Promise<void> => {
    if (setAside.delete(containerId)) await removeDurably(setAsideFileOf(containerId))
  }
  const records = new Map<string, PodRecord>()
  const unreadable: UnreadableEntry[] = []
  const setAside = new Set<string>()
  for (const name of await readdir(directory)) {
    if (name.endsWith(SET_ASIDE_SUFFIX)) setAside.add(name.slice(0, -SET_ASIDE_SUFFIX.length))
    if (!name.endsWith(SUFFIX)) continue
    const file = join(directory, name)
    try {
      const record = parsePodRecord(await readFile(file, 'utf8'))
      if (name !== `${record.containerId}${SUFFIX}`)
        throw new Error('the name is of another record')
      records.set(record.containerId, record)
    } catch (error) {
      const containerId = name.slice(0, -SUFFIX.length)
      await rename(file, setAsideFileOf(containerId))
      setAside.add(containerId)
      unreadable.push({ file, why: (error as Error).message })
    }
  }
  const journal: Journal = {
    list: () => [...records.values()],
    get: (containerId) => records.get(containerId),
    isSetAside: (containerId) => setAside.has(containerId),
    async write(record) {
      await writeDurably(fileOf(record.containerId), `${JSON.stringify(record)}\n`)
      records.set(record.containerId, record)
      await forget(record.containerId)
    },
    async remove(containerId) {
      await removeDurably(fileOf(containerId))
      records.delete(containerId)
      await forget(containerId)
    },
  }
  return { journal, unreadable }
}
