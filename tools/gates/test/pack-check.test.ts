import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createFixture, type Fixture, ownTool } from '../src/fixture.ts'
import { type Files, manifestOf, PUBLIC, publicFields, README } from '../src/minimal-workspace.ts'

let fixture: Fixture
beforeEach(() => {
  fixture = createFixture()
})
afterEach(() => {
  fixture[Symbol.dispose]()
})

const check = (name: 'pack' | 'changeset'): string =>
  ownTool('pack-check', name, '--root', fixture.root)

const readmeOf = (code: string): Files => ({
  [`${PUBLIC}/README.md`]: README.replace(/^console.*$/m, code),
})
const SOURCE_MAP = '{ "version": 3, "sources": ["../../policy/src/index.ts"], "mappings": "" }\n'

describe('pack', () => {
  test('a package that installs and whose example runs passes', async () => {
    const { code, output } = await fixture.run(check('pack'))
    expect(output).toBe('@proxy/cni-types: 6 files packed, its example printed 1 lines\n')
    expect(code).toBe(0)
  })

  const faults: readonly (readonly [what: string, planted: Files, message: string])[] = [
    ['an example that throws', readmeOf("throw new Error('planted')"), 'README example exited 1'],
    ['an example that prints nothing', readmeOf('add(1, 2)'), 'README example prints nothing'],
    ['an example of the wrong types', readmeOf("console.log(add(1, '2'))"), 'error TS2345'],
    ['a README without an example', { [`${PUBLIC}/README.md`]: '# x\n' }, 'README.md has no ```ts'],
    [
      'an example of something else',
      { [`${PUBLIC}/README.md`]: '```ts\nconsole.log(1)\n```\n' },
      'the first ```ts block does not import the package',
    ],
    [
      'an example that needs more than the README installs',
      readmeOf("console.log(await import('zod'))"),
      "Cannot find package 'zod'",
    ],
    [
      'a README that does not say how to install',
      { [`${PUBLIC}/README.md`]: README.replace('npm install', 'get') },
      'README.md has no line `npm install` that names the package',
    ],
    [
      'a test in the tarball',
      { [`${PUBLIC}/src/index.test.ts`]: 'export {}\n' },
      'packs src/index.test.ts, which does not belong',
    ],
    [
      'a secret in the tarball',
      { [`${PUBLIC}/dist/key.pem`]: 'x\n' },
      'packs dist/key.pem, which does not belong',
    ],
    [
      'a dependency that is not declared',
      { [`${PUBLIC}/dist/index.js`]: "export { z as add } from 'zod'\n" },
      "Cannot find package 'zod'",
    ],
    [
      'a type from a package that is not declared',
      { [`${PUBLIC}/dist/index.d.ts`]: "export { type z as add } from 'zod'\n" },
      "error TS2307: Cannot find module 'zod'",
    ],
    [
      'a source map that leaves the package',
      { [`${PUBLIC}/dist/index.js.map`]: SOURCE_MAP },
      'dist/index.js.map maps to ../policy/src/index.ts, which is not packed',
    ],
    [
      'no provenance',
      {
        [`${PUBLIC}/package.json`]: manifestOf(PUBLIC, {
          ...publicFields,
          publishConfig: { access: 'public' },
        }),
      },
      '"publishConfig.provenance" is not true',
    ],
  ]
  test.for(faults)('%s fails', async ([, planted, message]) => {
    fixture.write(planted)
    const { code, output } = await fixture.run(check('pack'))
    expect(output).toContain(message)
    expect(code).toBe(1)
  })

  test.for([
    ['LICENSE', 'packed without LICENSE'],
    [`${PUBLIC}/README.md`, 'packed without README.md'],
    [`${PUBLIC}/dist`, 'nothing is built'],
    [`${PUBLIC}/api`, 'no api/cni-types.api.md'],
  ] as const)('a package without %s fails', async ([path, message]) => {
    fixture.remove(path)
    const { code, output } = await fixture.run(check('pack'))
    expect(output).toContain(`@proxy/cni-types: ${message}`)
    expect(code).toBe(1)
  })
})

describe('changeset', () => {
  test('a package that a changeset names passes', async () => {
    const { code, output } = await fixture.run(check('changeset'))
    expect(output).toBe('1 packages, no changeset is missing\n')
    expect(code).toBe(0)
  })

  test('a package that was never released and that none names fails', async () => {
    fixture.remove('.changeset/first.md')
    const { code, output } = await fixture.run(check('changeset'))
    expect(output).toBe('@proxy/cni-types: never released and no changeset names it\n')
    expect(code).toBe(1)
  })

  test('a package that changed since its release and that none names fails', async () => {
    fixture.remove('.changeset/first.md')
    const identity = '-c user.name=t -c user.email=t@example.org -c gc.auto=0'
    await fixture.run(
      `git init -q && git add packages && git ${identity} commit -qm x && git tag @proxy/cni-types@0.0.0`,
    )
    expect(await fixture.run(check('changeset'))).toMatchObject({ code: 0 })

    fixture.write({ [`${PUBLIC}/src/index.ts`]: 'export const more = 1\n' })
    const { code, output } = await fixture.run(check('changeset'))
    expect(output).toBe(
      '@proxy/cni-types: packages/cni-types/src/index.ts changed since @proxy/cni-types@0.0.0 and no changeset names it\n',
    )
    expect(code).toBe(1)
  })
})
