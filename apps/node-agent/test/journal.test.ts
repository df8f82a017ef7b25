import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createTempDir } from '@proxy/testkit'

import { openJournal } from '../src/state/journal.ts'
import { recordOf } from './pod-record-fixture.ts'

test('what was written is there for the next one that opens it', async () => {
  await using dir = await createTempDir('journal')
  const first = await openJournal(dir.path)
  await first.journal.write(recordOf('c1'))
  await first.journal.write(recordOf('c2', { phase: 'capturing' }))
  await first.journal.write(recordOf('c2'))
  await first.journal.remove('c1')
  await first.journal.remove('never-there')

  const second = await openJournal(dir.path)
  expect(second.unreadable).toEqual([])
  expect(second.journal.list()).toEqual([recordOf('c2')])
  expect(second.journal.get('c2')).toEqual(recordOf('c2'))
  expect(statSync(join(dir.path, 'c2.json')).mode & 0o777).toBe(0o600)
})

test('a half-written file of a crash does not disturb, and the next write replaces it', async () => {
  await using dir = await createTempDir('journal')
  writeFileSync(join(dir.path, 'c1.json.tmp'), '{"versi')
  const { journal, unreadable } = await openJournal(dir.path)
  expect({ unreadable, list: journal.list() }).toEqual({ unreadable: [], list: [] })
  await journal.write(recordOf('c1'))
  expect(readdirSync(dir.path)).toEqual(['c1.json'])
})

test('an unreadable entry is reported and set aside, and the others are kept', async () => {
  await using dir = await createTempDir('journal')
  writeFileSync(join(dir.path, 'torn.json'), '{"version":1,"contai')
  writeFileSync(
    join(dir.path, 'future.json'),
    JSON.stringify({ ...recordOf('future'), version: 2 }),
  )
  writeFileSync(join(dir.path, 'renamed.json'), JSON.stringify(recordOf('other')))
  writeFileSync(join(dir.path, 'good.json'), JSON.stringify(recordOf('good')))
  const { journal, unreadable } = await openJournal(dir.path)
  expect(journal.list().map(({ containerId }) => containerId)).toEqual(['good'])
  expect(unreadable.map(({ file }) => file.slice(dir.path.length + 1)).sort()).toEqual([
    'future.json',
    'renamed.json',
    'torn.json',
  ])
  expect(readFileSync(join(dir.path, 'torn.json.unreadable'), 'utf8')).toBe('{"version":1,"contai')
  expect((await openJournal(dir.path)).unreadable).toEqual([])
})

test('a record that cannot be written is not in the list', async () => {
  await using dir = await createTempDir('journal')
  const { journal } = await openJournal(join(dir.path, 'journal'))
  await expect(journal.write(recordOf('no/such/directory'))).rejects.toThrow('ENOENT')
  expect(journal.list()).toEqual([])
})

test('a write that fails leaves no file behind', async () => {
  await using dir = await createTempDir('journal')
  const { journal } = await openJournal(dir.path)
  mkdirSync(join(dir.path, 'c1.json'))
  await expect(journal.write(recordOf('c1'))).rejects.toThrow('EISDIR')
  expect(readdirSync(dir.path)).toEqual(['c1.json'])
  expect(journal.get('c1')).toBeUndefined()
})
