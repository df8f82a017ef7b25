import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { descriptorsWithin, hardLimitIn, sidecarDescriptors } from '../src/node/descriptors.ts'

test('a sidecar refuses connections before its descriptors are used up', () => {
  for (const limit of [1024, 65_536, 1_048_576, Infinity]) {
    const { maxOpenFiles, maxConnections } = descriptorsWithin(limit)
    expect(maxOpenFiles).toBe(Math.min(limit, 65_536))
    expect(maxConnections * 3).toBeLessThanOrEqual(maxOpenFiles)
    expect(maxConnections * 3).toBeGreaterThan(maxOpenFiles - 3)
  }
})

test('the limit is the hard one of the kernel', async () => {
  const text = (hard: string): string =>
    `Limit  Soft Limit  Hard Limit  Units\nMax processes  1  2  processes\nMax open files            1024                 ${hard}               files\n`
  expect(hardLimitIn(text('4096'))).toBe(4096)
  expect(hardLimitIn(text('unlimited'))).toBe(Infinity)
  const own = hardLimitIn(readFileSync('/proc/self/limits', 'utf8'))
  expect(await sidecarDescriptors()).toEqual(descriptorsWithin(own))
})
