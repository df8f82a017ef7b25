import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTempDir } from '@proxy/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  cancelQueuedDelete,
  enqueueDelete,
  type QueuedDelete,
  readDeleteQueue,
  removeQueueEntry,
} from '../src/index.ts'

let stack: AsyncDisposableStack
let directory: string

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  directory = join(stack.use(await createTempDir('queue')).path, 'state', 'delete-queue')
})

afterEach(async () => {
  await stack.disposeAsync()
})

function entryOf(containerId: string, second = 0, ifname = 'eth0'): QueuedDelete {
  const queuedAt = new Date(second * 1_000).toISOString()
  return { version: 1, queuedAt, request: { containerId, ifname, netns: '/run/netns/x' } }
}

test('a queue that does not exist is empty', async () => {
  expect(await readDeleteQueue(directory)).toEqual({ entries: [], unreadable: [] })
})

test('entries come back oldest first, and are gone when removed', async () => {
  await enqueueDelete(directory, entryOf('b', 2))
  await enqueueDelete(directory, entryOf('a', 3))
  await enqueueDelete(directory, entryOf('c', 1))
  const { entries } = await readDeleteQueue(directory)
  expect(entries.map(({ request }) => request.containerId)).toEqual(['c', 'b', 'a'])
  for (const entry of [...entries, ...entries]) await removeQueueEntry(entry)
  expect((await readDeleteQueue(directory)).entries).toEqual([])
})

test('only the own user can read the queue', async () => {
  const path = await enqueueDelete(directory, entryOf('a'))
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('repeating a deletion is one entry; another interface is another', async () => {
  await Promise.all([1, 2, 3, 4].map((second) => enqueueDelete(directory, entryOf('a', second))))
  await enqueueDelete(directory, entryOf('a', 9, "net1'é%"))
  const { entries } = await readDeleteQueue(directory)
  expect(entries.map(({ request }) => request.ifname)).toEqual(['eth0', "net1'é%"])
  expect(await readdir(directory)).toHaveLength(2)
})

test('an ADD takes back the deletion of the same attachment only', async () => {
  await enqueueDelete(directory, entryOf('a'))
  await enqueueDelete(directory, entryOf('b'))
  await cancelQueuedDelete(directory, { containerId: 'a', ifname: 'eth0' })
  await cancelQueuedDelete(directory, { containerId: 'a', ifname: 'eth0' })
  const { entries } = await readDeleteQueue(directory)
  expect(entries.map(({ request }) => request.containerId)).toEqual(['b'])
})

test('what is no entry is named and does not hide the others', async () => {
  await enqueueDelete(directory, entryOf('good'))
  const bad: Record<string, string> = {
    'empty.json': '',
    'half.json': '{"version":1,',
    'hostile.json': JSON.stringify(entryOf('../../x')),
    'later.json': JSON.stringify({ ...entryOf('a'), version: 2 }),
    'large.json': 'x'.repeat(70_000),
  }
  for (const [name, text] of Object.entries(bad)) await writeFile(join(directory, name), text)
  await mkdir(join(directory, 'folder.json'))
  await writeFile(join(directory, '.half-written.tmp'), '{')
  const { entries, unreadable } = await readDeleteQueue(directory)
  expect(entries.map(({ request }) => request.containerId)).toEqual(['good'])
  expect(unreadable.map(({ path }) => path).sort()).toEqual(
    [...Object.keys(bad), 'folder.json'].map((name) => join(directory, name)).sort(),
  )
  expect(unreadable.every(({ reason }) => reason !== '')).toBe(true)
})

test('a queue that cannot be written is an error and leaves nothing half written', async () => {
  await mkdir(join(directory, '..'), { recursive: true })
  await writeFile(directory, 'a file')
  await expect(enqueueDelete(directory, entryOf('a'))).rejects.toThrow(/EEXIST|ENOTDIR/)
})
