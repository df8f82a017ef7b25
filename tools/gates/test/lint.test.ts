import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createFixture, type Fixture } from '../src/fixture.ts'
import { type Files, IMPURE, PUBLIC, PURE } from '../src/minimal-workspace.ts'

/** Lint is the slowest gate: all faults are planted at once, each in a file of its own. */
interface Fault {
  readonly what: string
  readonly code: string
  readonly rule: string
  /** Folder from the root; the pure package's `src` when absent. */
  readonly folder?: string
}

const body = (statement: string): string =>
  `/** Does it. */\nexport async function run(): Promise<void> {\n  await Promise.resolve()\n  ${statement}\n}\n`

const value = (expression: string): string => `export const x: unknown = ${expression}\n`

const testOf = (code: string): string => `import { expect, test } from 'vitest'\n\n${code}\n`

const lines = (count: number): string =>
  Array.from({ length: count }, (_, index) => `export const n${index} = ${index}\n`).join('')

const branches = Array.from({ length: 20 }, (_, index) => `if (n === ${index}) return ${index}`)

const strict: readonly Fault[] = [
  ['a floating promise', 'Promise.resolve()', 'no-floating-promises'],
  ['any', 'const x: any = 1\n  await x', 'no-explicit-any'],
  ['an unsafe call', 'JSON.parse("1")()', 'no-unsafe-call'],
  ['a condition that always holds', 'const x = [1]\n  if (x) return', 'no-unnecessary-condition'],
  ['a comment that silences the compiler', '// @ts-ignore\n  await run()', 'ban-ts-comment'],
].map(([what = '', statement = '', rule = '']) => ({
  what,
  code: body(statement),
  rule: `@typescript-eslint/${rule}`,
}))

const impure: readonly Fault[] = [
  ...['node:fs', 'node:fs/promises', 'fs', 'node:child_process', 'node:net', 'node:http']
    .concat(['node:tls', 'node:os', 'node:timers/promises', 'node:process', 'node:dns', 'http'])
    .map((name) => ({
      what: `importing ${name}`,
      code: `export { default as x } from '${name}'\n`,
      rule: 'no-restricted-imports',
    })),
  {
    what: 'importing at run time',
    code: body("await import('node:fs')"),
    rule: 'no-restricted-syntax',
  },
  ...['process', 'globalThis.process', 'setTimeout', 'setInterval', 'fetch', 'performance'].map(
    (name) => ({ what: name, code: value(name), rule: 'no-restricted-globals' }),
  ),
  ...['Date.now()', 'Math.random()', 'AbortSignal.timeout(1)'].map((call) => ({
    what: call,
    code: value(call),
    rule: 'no-restricted-properties',
  })),
  { what: 'new Date()', code: value('new Date()'), rule: 'no-restricted-syntax' },
]

const layout: readonly Fault[] = [
  { what: 'export *', code: "export * from './index.ts'\n", rule: 'no-restricted-syntax' },
  {
    what: 'a default export',
    code: 'const one = 1\nexport default one\n',
    rule: 'no-restricted-syntax',
  },
  { what: 'a file of 501 lines', code: lines(501), rule: 'max-lines' },
  {
    what: 'a function of 21 ways',
    code: `/** Finds. */\nexport function find(n: number): number {\n${branches.join('\n')}\nreturn n\n}\n`,
    rule: 'complexity',
  },
  {
    what: 'a return type left to inference',
    code: '/** The smallest. */\nexport function one() {\n  return 1\n}\n',
    rule: '@typescript-eslint/explicit-module-boundary-types',
  },
  {
    what: 'a comment that repeats the name',
    code: '/** The user name. */\nexport const userName = "x"\n',
    rule: 'jsdoc/informative-docs',
  },
  { what: 'printing', code: body('console.log(1)'), rule: 'no-console' },
  {
    what: 'a directive without effect',
    code: '// eslint-disable-next-line no-console\nexport const x = 1\n',
    rule: 'unused-directive',
  },
  {
    what: 'a switch that forgets a case',
    code: "/** Names it. */\nexport function nameOf(x: 'a' | 'b'): string {\n  switch (x) {\n    case 'a':\n      return 'A'\n  }\n  return ''\n}\n",
    rule: '@typescript-eslint/switch-exhaustiveness-check',
  },
  {
    what: 'export * in a package that touches the machine',
    folder: `${IMPURE}/src`,
    code: "export * from './index.ts'\n",
    rule: 'no-restricted-syntax',
  },
]

const tests: readonly Fault[] = [
  ['a test that checks nothing', "test('x', () => {\n  Object.keys(expect)\n})", 'expect-expect'],
  ['a skipped test', "test.skip('x', () => {\n  expect(1).toBe(1)\n})", 'no-disabled-tests'],
  ['a focused test', "test.only('x', () => {\n  expect(1).toBe(1)\n})", 'no-focused-tests'],
].map(([what = '', code = '', rule = '']) => ({
  what,
  code: testOf(code),
  rule: `vitest/${rule}`,
  folder: `${PUBLIC}/test`,
}))

const faults = [...strict, ...impure, ...layout, ...tests]
const pathOf = ({ folder = `${PUBLIC}/src` }: Fault, index: number): string =>
  `${folder}/fault-${index}.ts`

/** What must not be reported. */
const harmless: Files = {
  [`${IMPURE}/src/effects.ts`]: `import { readFileSync } from 'node:fs'

/** Reads what is in the file that the environment names. */
export function read(): string {
  return readFileSync(process.env['FILE'] ?? String(Date.now()), 'utf8')
}
`,
  // What a fake may do, for a test that runs it.
  [`${PUBLIC}/src/testing/fake.ts`]: `import { readFileSync } from 'node:fs'

export const fake: string = readFileSync(process.execPath, 'utf8')
`,
  // Blank lines and comments do not count.
  [`${PURE}/src/long.ts`]: `// why\n\n`.repeat(200) + lines(500),
  [`${PURE}/src/time.ts`]: 'export const epoch: Date = new Date(0)\n',
}

interface Message {
  readonly ruleId: string | null
  readonly message: string
  /** 1 is a warning, which fails nothing; 2 is an error. */
  readonly severity: 1 | 2
}

interface FileReport {
  readonly filePath: string
  readonly messages: readonly Message[]
}

let fixture: Fixture
let exitCode: number | null
/** Rules broken, by path from the root. */
const reported = new Map<string, readonly string[]>()

beforeAll(async () => {
  const planted = Object.fromEntries(
    faults.map((fault, index) => [pathOf(fault, index), fault.code]),
  )
  fixture = createFixture({ ...harmless, ...planted })
  const { code, output } = await fixture.run('eslint --format json packages')
  exitCode = code
  for (const { filePath, messages } of JSON.parse(output) as FileReport[]) {
    const errors = messages.filter(({ severity }) => severity === 2)
    const rules = errors.map(({ ruleId, message }) =>
      message.startsWith('Unused eslint-disable') ? 'unused-directive' : (ruleId ?? message),
    )
    reported.set(filePath.slice(fixture.root.length + 1), [...new Set(rules)])
  }
})
afterAll(() => {
  fixture[Symbol.dispose]()
})

test('faults fail, and a package without any passes', async () => {
  expect(exitCode).toBe(1)
  expect(await fixture.target('lint', PURE)).toEqual({ code: 0, output: '' })
})

test.for(Object.keys(harmless))('%s is not reported', (path) => {
  expect(reported.get(path)).toEqual([])
})

test('nothing is reported of a package without a fault', () => {
  const clean = [...reported].filter(([path]) => !path.includes('fault-'))
  expect(clean.length).toBeGreaterThan(9)
  expect(clean.filter(([, rules]) => rules.length > 0)).toEqual([])
})

describe('is reported:', () => {
  test.for(faults.map((fault, index) => ({ ...fault, path: pathOf(fault, index) })))(
    '$what',
    ({ path, rule }) => {
      expect(reported.get(path)).toEqual([rule])
    },
  )
})
