import { expect, test } from 'vitest'

import { checkPackedFiles } from '../src/packed-files.ts'

const good = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'dist/chunk-ABC.js',
  'dist/chunk-ABC.js.map',
  'dist/index.d.ts',
  'dist/index.js',
  'package.json',
  'src/index.ts',
  'src/testing/recorder.ts',
]

test('what a library consists of may be packed', () => {
  expect(checkPackedFiles(good)).toEqual([])
})

test.for(['README.md', 'LICENSE'])('%s has to be packed', (missing) => {
  const files = good.filter((file) => file !== missing)
  expect(checkPackedFiles(files)).toEqual([`packed without ${missing}`])
})

test.for([
  '.env',
  '.npmrc',
  'api/sample.api.md',
  'bench/x.bench.ts',
  'dist/.npmrc',
  'dist/secret.pem',
  'dist/test/x.js',
  'node_modules/x/index.js',
  'out-tsc/index.d.ts',
  'src/golden/a.rules',
  'src/index.test.ts',
  'src/key.pem',
  'src/run.itest.ts',
  'src/test/fixture.ts',
  'test/index.test.ts',
  'tsconfig.json',
])('%s may not', (file) => {
  expect(checkPackedFiles([...good, file])).toEqual([`packs ${file}, which does not belong`])
})
