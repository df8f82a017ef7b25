import { afterAll, beforeAll, expect, test } from 'vitest'

import { createFixture, type Fixture } from '../src/fixture.ts'
import { type Fields, manifestOf, PUBLIC, publicFields } from '../src/minimal-workspace.ts'

let fixture: Fixture
beforeAll(() => {
  fixture = createFixture()
})
afterAll(() => {
  fixture[Symbol.dispose]()
})

const exporting = (conditions: Fields): Fields => ({ exports: { '.': conditions } })

test('a package that resolves everywhere passes', async () => {
  expect(await fixture.target('check:package')).toMatchObject({ code: 0 })
})

const faults: readonly (readonly [what: string, change: Fields, message: string])[] = [
  [
    'a file that is not there',
    exporting({ types: './dist/index.d.ts', default: './dist/gone.js' }),
    'is ./dist/gone.js but the file does not exist',
  ],
  [
    'types that no resolver looks at',
    exporting({ default: './dist/index.js', types: './dist/index.d.ts' }),
    'should be the first',
  ],
  [
    'types that are not there',
    exporting({ types: './dist/gone.d.ts', default: './dist/index.js' }),
    'is ./dist/gone.d.ts but the file does not exist',
  ],
  ['no types', exporting({ default: './dist/untyped.js' }), 'UntypedResolution'],
  [
    'CommonJS types for an ES module',
    exporting({ types: './dist/index.d.cts', default: './dist/index.js' }),
    'FalseCJS',
  ],
]

test.for(faults)('%s: fails', async ([, change, message]) => {
  fixture.write({
    [`${PUBLIC}/package.json`]: manifestOf(PUBLIC, { ...publicFields, ...change }),
    [`${PUBLIC}/dist/untyped.js`]: 'export const x = 1\n',
    [`${PUBLIC}/dist/index.d.cts`]: 'export declare function add(a: number, b: number): number\n',
  })
  const { code, output } = await fixture.target('check:package')
  expect(output).toContain(message)
  expect(code).not.toBe(0)
})
