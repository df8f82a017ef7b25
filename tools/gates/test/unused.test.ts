import { afterAll, beforeAll, expect, test } from 'vitest'

import { createFixture, type Fixture } from '../src/fixture.ts'
import { manifestOf, PUBLIC, publicFields } from '../src/minimal-workspace.ts'

/** The root's own files are not in the fixture, so the package alone is judged. */
const KNIP = `knip --workspace ${PUBLIC}`

let fixture: Fixture
beforeAll(() => {
  fixture = createFixture()
})
afterAll(() => {
  fixture[Symbol.dispose]()
})

test('a package that uses all it has passes', async () => {
  expect(await fixture.run(KNIP)).toMatchObject({ code: 0 })
})

test('what nothing uses, and what is used undeclared, fails', async () => {
  fixture.write({
    [`${PUBLIC}/package.json`]: manifestOf(PUBLIC, {
      ...publicFields,
      dependencies: { zod: 'catalog:' },
      devDependencies: { 'fast-check': 'catalog:' },
    }),
    [`${PUBLIC}/src/nobody.ts`]: 'export const nobody = 1\n',
    [`${PUBLIC}/src/one.ts`]: 'export const one = 1\nexport const two = 2\nexport type Three = 3\n',
    [`${PUBLIC}/src/index.ts`]:
      "import { undeclared } from 'undeclared'\n\nexport { one } from './one.ts'\nundeclared()\n",
    [`${PUBLIC}/test/index.test.ts`]: "import '../src/index.ts'\n",
  })
  const { code, output } = await fixture.run(KNIP)
  expect(code).toBe(1)
  const found = output
    .replaceAll(/ +/g, ' ')
    .split('\n')
    .map((line) => line.trim())
  for (const line of [
    'Unused files (1)',
    `${PUBLIC}/src/nobody.ts`,
    'Unused dependencies (1)',
    'Unused devDependencies (1)',
    'Unlisted dependencies (1)',
    'Unused exports (1)',
    'Unused exported types (1)',
  ]) {
    expect(found).toContain(line)
  }
  for (const name of ['zod', 'fast-check', 'undeclared', 'two', 'Three']) {
    expect(found).toContainEqual(expect.stringMatching(new RegExp(`^${name} `)))
  }
})
