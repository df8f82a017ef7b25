import { afterEach, beforeEach, expect, test } from 'vitest'

import { createFixture, type Fixture } from '../src/fixture.ts'
import { PURE } from '../src/minimal-workspace.ts'

let fixture: Fixture
beforeEach(() => {
  fixture = createFixture()
})
afterEach(() => {
  fixture[Symbol.dispose]()
})

const testOf = (statement: string): string =>
  `import { expect, test } from 'vitest'\n\ntest('planted', async () => {\n  ${statement}\n})\n`

test('tests that hold pass', async () => {
  const { code, output } = await fixture.target('test', PURE)
  expect(output).toMatch(/Tests {2}1 passed/)
  expect(code).toBe(0)
})

test.for([
  ['a test that does not hold', 'expect(1).toBe(2)', 'AssertionError'],
  [
    'a golden file that is not checked in',
    "await expect('x').toMatchFileSnapshot('golden/x.rules')",
    'mismatched',
  ],
] as const)('%s fails', async ([, statement, message]) => {
  fixture.write({ [`${PURE}/test/planted.test.ts`]: testOf(statement) })
  const { code, output } = await fixture.target('test', PURE)
  expect(output).toContain(message)
  expect(code).toBe(1)
})

test('a package without a test fails', async () => {
  fixture.remove(`${PURE}/test`)
  const { code, output } = await fixture.target('test', PURE)
  expect(output).toContain('No test files found')
  expect(code).toBe(1)
})
