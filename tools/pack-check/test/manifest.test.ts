import { describe, expect, test } from 'vitest'

import { checkManifest, exportTargets, type Manifest } from '../src/manifest.ts'

const files = new Set(['dist/index.js', 'dist/index.d.ts', 'src/index.ts'])
const good: Manifest = {
  name: '@proxy/sample',
  version: '1.2.3',
  type: 'module',
  license: 'Apache-2.0',
  exports: {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
  },
  engines: { node: '>=22.18.0' },
  dependencies: { zod: '4.6.7', '@proxy/other': '^0.1.0' },
  publishConfig: { access: 'public', provenance: true },
}

test('a complete manifest has no fault', () => {
  expect(checkManifest(good, 'Apache-2.0', files)).toEqual([])
})

describe('each fault is named', () => {
  const cases: readonly [string, Partial<Record<keyof Manifest, unknown>>, string][] = [
    ['CommonJS', { type: 'commonjs' }, '"type" is not "module"'],
    ['another license', { license: 'MIT' }, '"license" is not the workspace\'s (Apache-2.0)'],
    ['no engines', { engines: {} }, 'no "engines.node"'],
    ['restricted', { publishConfig: { provenance: true } }, '"publishConfig.access" is not'],
    ['no provenance', { publishConfig: { access: 'public' } }, '"publishConfig.provenance" is not'],
    ['no exports', { exports: undefined }, 'no "exports"'],
    [
      'a missing target',
      { exports: './dist/gone.js' },
      'exports ./dist/gone.js, which is not pack',
    ],
    ['a foreign target', { exports: '/etc/passwd' }, 'exports /etc/passwd, which is not a path'],
    ['workspace:', { dependencies: { a: 'workspace:^' } }, 'dependencies has a as "workspace:^"'],
    ['catalog:', { devDependencies: { a: 'catalog:' } }, 'devDependencies has a as "catalog:"'],
    ['file:', { peerDependencies: { a: 'file:../a' } }, 'peerDependencies has a as "file:../a"'],
    ['an install script', { scripts: { postinstall: 'x' } }, 'runs a "postinstall" script'],
  ]
  test.for(cases)('%s', ([, change, message]) => {
    const problems = checkManifest({ ...good, ...change } as Manifest, 'Apache-2.0', files)
    expect(problems).toContainEqual(expect.stringContaining(`package.json: ${message}`))
  })
})

test('targets are found below any nesting of conditions', () => {
  const exports = { '.': { a: { b: './1.js' }, default: ['./2.js'] }, './x': './3.js', './y': null }
  expect(exportTargets(exports)).toEqual(['./1.js', './2.js', './3.js'])
})
