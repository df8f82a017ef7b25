import { afterEach, beforeEach, expect, test } from 'vitest'

import { createFixture, type Fixture } from '../src/fixture.ts'
import { PUBLIC } from '../src/minimal-workspace.ts'

let fixture: Fixture
beforeEach(() => {
  fixture = createFixture()
})
afterEach(() => {
  fixture[Symbol.dispose]()
})

const TYPES = `${PUBLIC}/dist/index.d.ts`

test('an API that is as reported passes', async () => {
  const { code, output } = await fixture.target('api')
  expect(output).toContain('API Extractor completed successfully')
  expect(code).toBe(0)
})

test.for([
  ['another signature', 'export declare function add(a: number, b: string): number;\n'],
  [
    'a name more',
    'export declare function add(a: number, b: number): number;\nexport type A = 1\n',
  ],
  ['a name less', 'export {}\n'],
] as const)('%s fails', async ([, types]) => {
  fixture.write({ [TYPES]: types })
  const { code, output } = await fixture.target('api')
  expect(output).toContain('You have changed the API signature for this project')
  expect(code).toBe(1)
})

test('a package without a report fails', async () => {
  fixture.remove(`${PUBLIC}/api/cni-types.api.md`)
  const { code, output } = await fixture.target('api')
  expect(output).toContain('The API report file is missing')
  expect(code).toBe(1)
})
