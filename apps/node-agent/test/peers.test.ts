import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createTempDir } from '@proxy/testkit'

import { createPeers } from '../src/node/peers.ts'

const textOf = (file: string): string => readFileSync(file, 'utf8')

test('the file exists from the start and holds the addresses of captured pods', async () => {
  await using dir = await createTempDir('peers')
  const file = join(dir.path, 'shared', 'outbound.json')
  const peers = await createPeers({ file, listener: {} })
  expect(textOf(file)).not.toContain('10.1.0.2')
  await peers.set('a', ['10.1.0.2', 'fd00::2'])
  await peers.set('b', ['10.1.0.3'])
  expect(textOf(file)).toContain('10.1.0.2')
  expect(textOf(file)).toContain('fd00::2')
  await peers.remove('a')
  await peers.remove('never-there')
  expect(textOf(file)).not.toContain('10.1.0.2')
  expect(textOf(file)).toContain('10.1.0.3')
  expect(statSync(file).mode & 0o777).toBe(0o644)
})

test('when a set returns the file has it, however many come at once', async () => {
  await using dir = await createTempDir('peers')
  const file = join(dir.path, 'outbound.json')
  const peers = await createPeers({ file, listener: {} })
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const address = `10.2.0.${index + 1}`
      await peers.set(`pod-${index}`, [address])
      expect(textOf(file)).toContain(`"${address}"`)
    }),
  )
})

test('the same addresses again are not written again', async () => {
  await using dir = await createTempDir('peers')
  const file = join(dir.path, 'outbound.json')
  const peers = await createPeers({ file, listener: {} })
  await peers.set('a', ['10.1.0.2'])
  const { ino } = statSync(file)
  await peers.set('a', ['10.1.0.2'])
  expect(statSync(file).ino).toBe(ino)
})

test('a write that fails is reported, and the next one makes up for it', async () => {
  await using dir = await createTempDir('peers')
  const file = join(dir.path, 'shared', 'outbound.json')
  const peers = await createPeers({ file, listener: {} })
  const { rename } = await import('node:fs/promises')
  await rename(join(dir.path, 'shared'), join(dir.path, 'away'))
  await expect(peers.set('a', ['10.1.0.2'])).rejects.toThrow('ENOENT')
  await rename(join(dir.path, 'away'), join(dir.path, 'shared'))
  await peers.set('b', ['10.1.0.3'])
  expect(textOf(file)).toContain('10.1.0.2')
})
