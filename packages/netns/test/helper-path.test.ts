import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

import { createTempDir } from '@proxy/testkit'
import { expect, it } from 'vitest'

import { defaultHelperPath } from '../src/helper-path.ts'

it('finds the helper beside the source', () => {
  expect(defaultHelperPath()).toMatch(/src\/helper\.ts$/)
  expect(existsSync(defaultHelperPath())).toBe(true)
})

it('says what a bundled app has to do when there is none', async () => {
  await using folder = await createTempDir('netns-bundle')
  const bundle = pathToFileURL(`${folder.path}/main.js`).href
  expect(() =>
    defaultHelperPath(bundle, () => {
      throw new Error('not installed')
    }),
  ).toThrow(
    expect.objectContaining({
      code: 'helper-start-failed',
      message: expect.stringContaining('helperPath') as string,
    }),
  )
  expect(defaultHelperPath(bundle, () => pathToFileURL(defaultHelperPath()).href)).toBe(
    defaultHelperPath(),
  )
})
