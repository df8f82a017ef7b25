import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createFixture, type Fixture, type Verdict } from '../src/fixture.ts'
import { PUBLIC } from '../src/minimal-workspace.ts'

/** Planted all at once, each in a file of its own. */
const faults: readonly (readonly [what: string, code: string, error: string])[] = [
  ['null where it may not be', 'export const x: string = null\n', 'TS2322'],
  ['a parameter of no type', 'export function f(x): void {\n  x()\n}\n', 'TS7006'],
  [
    'an element that may be absent',
    'export function f(x: string[]): string {\n  return x[0]\n}\n',
    'TS2322',
  ],
  ['undefined for an optional field', 'export const x: { a?: 1 } = { a: undefined }\n', 'TS2375'],
  [
    'a property that only an index signature has',
    'export function f(x: Record<string, 1>): unknown {\n  return x.a\n}\n',
    'TS4111',
  ],
  [
    'a way out that returns nothing',
    'export function f(x: boolean): number | undefined {\n  if (x) return 1\n}\n',
    'TS7030',
  ],
  [
    'a case that falls through',
    'export function f(x: number): number {\n  switch (x) {\n    case 1:\n      x++\n    case 2:\n      return x\n    default:\n      return 0\n  }\n}\n',
    'TS7029',
  ],
  [
    'a method that overrides without saying so',
    'export class A {\n  f(): void {}\n}\nexport class B extends A {\n  f(): void {}\n}\n',
    'TS4114',
  ],
  ['a variable that nothing reads', 'export {}\nconst x = 1\n', 'TS6133'],
  ['an enum', 'export enum A {\n  B,\n}\n', 'TS1294'],
  [
    'a type imported as a value',
    "import { PathLike } from 'node:fs'\nexport let x: PathLike\n",
    'TS1484',
  ],
  ['an exported value without a type', 'export const x = Math.random()\n', 'TS9010'],
  [
    'a relative path into another package',
    `export { add } from '../../policy/src/index.ts'\n`,
    'TS6307',
  ],
  ['an undeclared workspace dependency', "export { add } from '@proxy/policy'\n", 'TS2307'],
  ['a module that is not there', "export { add } from './gone.ts'\n", 'TS2307'],
]

let fixture: Fixture
let verdict: Verdict
const pathOf = (index: number): string => `src/fault-${index}.ts`

beforeAll(async () => {
  const planted = faults.map(([, code], index) => [`${PUBLIC}/${pathOf(index)}`, code] as const)
  fixture = createFixture(Object.fromEntries(planted))
  verdict = await fixture.target('typecheck')
})
afterAll(() => {
  fixture[Symbol.dispose]()
})

test('a package without a fault passes', async () => {
  expect(await fixture.target('typecheck', 'packages/netns')).toEqual({ code: 0, output: '' })
})

test('a package with faults fails', () => {
  expect(verdict.code).not.toBe(0)
})

describe('is refused:', () => {
  test.for(faults.map(([what, , error], index) => ({ what, error, path: pathOf(index) })))(
    '$what',
    ({ path, error }) => {
      const own = verdict.output.split('\n').filter((line) => line.startsWith(`${path}(`))
      expect(own.join('\n')).toContain(`error ${error}:`)
    },
  )
})
