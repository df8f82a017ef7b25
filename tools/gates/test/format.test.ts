import { afterAll, beforeAll, expect, test } from 'vitest'

import { createFixture, type Fixture } from '../src/fixture.ts'
import { PUBLIC } from '../src/minimal-workspace.ts'

let fixture: Fixture
beforeAll(() => {
  fixture = createFixture()
})
afterAll(() => {
  fixture[Symbol.dispose]()
})

const FORMAT_CHECK = 'prettier --check .'

test('a formatted workspace passes', async () => {
  expect(await fixture.run(FORMAT_CHECK)).toMatchObject({ code: 0 })
})

test.for([
  ['semicolons', 'src/ugly.ts', 'export const x = 1;\n'],
  ['double quotes', 'src/ugly.ts', 'export const x = "a"\n'],
  [
    'a line of 101 columns',
    'src/ugly.ts',
    `export const x = [${'11, '.repeat(20)}${'1'.repeat(22)}]\n`,
  ],
  ['a table out of line', 'docs.md', '|a|b|\n|-|-|\n|long|x|\n'],
  ['one line of JSON too many', 'a.json', '{ "a": 1 }\n\n\n'],
] as const)('%s fail', async ([, file, text]) => {
  fixture.write({ [`${PUBLIC}/${file}`]: text })
  const verdict = await fixture.run(FORMAT_CHECK)
  fixture.remove(`${PUBLIC}/${file}`)
  expect(verdict).toMatchObject({ code: 1 })
  expect(verdict.output).toContain(`[warn] ${PUBLIC}/${file}`)
})
