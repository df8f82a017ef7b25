import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTempDir } from '@proxy/testkit'
import { describe, expect, test } from 'vitest'
import { readRecord, type SidecarRecord, writeRecord } from '../src/record.ts'

const record: SidecarRecord = {
  ...{ version: 1, bootId: 'b', pid: 7, startTicks: 8, startedAt: 't', specHash: 'h' },
  ...{ executable: { dev: 1, ino: 2 }, netns: { dev: 3, ino: 4 }, labels: { a: 'b' } },
  logOffset: 0,
}

describe('a record', () => {
  test('is read as it was written, and replaced whole', async () => {
    await using temp = await createTempDir('record')
    const path = join(temp.path, 'one.json')
    await writeRecord(path, record)
    await writeFile(`${path}.tmp`, 'left by a crash')
    await writeRecord(path, { ...record, pid: 9 })
    expect(await readRecord(path)).toEqual({ ...record, pid: 9 })
    expect(await readdir(temp.path)).toEqual(['one.json'])
  })

  test.for(['', '{', 'null', '{"version":2}', JSON.stringify({ ...record, pid: -1 })])(
    'that says %j is none',
    async (text) => {
      await using temp = await createTempDir('record')
      const path = join(temp.path, 'one.json')
      await writeFile(path, text)
      expect(await readRecord(path)).toBeUndefined()
    },
  )

  test('that is not there is none, and one that cannot be read is an error', async () => {
    await using temp = await createTempDir('record')
    expect(await readRecord(join(temp.path, 'none.json'))).toBeUndefined()
    await expect(readRecord(temp.path)).rejects.toMatchObject({ code: 'state-invalid' })
  })
})
