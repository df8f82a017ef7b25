import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { checkSourceMaps } from '../src/source-maps.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'source-maps-'))
  mkdirSync(join(folder, 'dist'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const files = ['dist/index.js.map', 'src/index.ts']
const check = (map: object): readonly string[] => {
  writeFileSync(join(folder, 'dist/index.js.map'), JSON.stringify(map))
  return checkSourceMaps(folder, files)
}

test('a map of packed sources is fine, with and without a source root', () => {
  expect(check({ sources: ['../src/index.ts'] })).toEqual([])
  expect(check({ sourceRoot: '../src', sources: ['index.ts'] })).toEqual([])
})

test.for([
  ['outside of the package', '../../other/src/index.ts', '../other/src/index.ts'],
  ['not packed', '../src/gone.ts', 'src/gone.ts'],
])('a source %s is named', ([, source, resolved]) => {
  expect(check({ sources: [source] })).toEqual([
    `dist/index.js.map maps to ${resolved}, which is not packed`,
  ])
})

test('a source that is null is no packed file', () => {
  expect(check({ sources: [null] })).toHaveLength(1)
})
