import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { workspaceRoot } from '../src/fixture.ts'
import { targets } from '../src/targets.ts'

interface Manifest {
  readonly private?: boolean
  readonly scripts?: Readonly<Record<string, string>>
}

function read(path: string): Manifest {
  return JSON.parse(readFileSync(join(workspaceRoot, path), 'utf8')) as Manifest
}

// A gate that a project does not have closes on nothing.
const projects = globSync('{packages,apps,tools}/*/package.json', { cwd: workspaceRoot })
  .map((file) => dirname(file))
  // Brings Node and pnpm, hence is no part of the workspace they serve.
  .filter((folder) => folder !== 'tools/toolchain')
  .map((folder) => ({ folder, manifest: read(`${folder}/package.json`) }))

describe('every project runs every gate:', () => {
  test.for(projects)('$folder', ({ folder, manifest }) => {
    const isPublic = manifest.private !== true
    expect(manifest.scripts).toMatchObject({
      ...targets.everywhere,
      ...(isPublic ? targets.published : {}),
    })
    expect(isPublic).toBe(isPublic && folder.startsWith('packages/'))
    const integration = existsSync(join(workspaceRoot, folder, 'test', 'integration'))
    expect('test:integration' in (manifest.scripts ?? {})).toBe(integration)
  })
})

test('none has a lint, format or unused-code configuration of its own', () => {
  const own = globSync('{packages,apps,tools}/*/{eslint.config.*,.eslintrc*,.prettierrc*,knip.*}', {
    cwd: workspaceRoot,
  })
  expect(own).toEqual([])
})

test('each takes the compiler options of the workspace', () => {
  const strays = projects.filter(({ folder }) => {
    const text = readFileSync(join(workspaceRoot, folder, 'tsconfig.json'), 'utf8')
    return (
      !text.includes('"extends": "../../tsconfig.base.json"') ||
      /"(?:no|strict)\w*": *false/.test(text)
    )
  })
  expect(strays).toEqual([])
})

describe('all of them are run by', () => {
  const names = [...Object.keys(targets.everywhere), ...Object.keys(targets.published)]
  const all = [...names, 'format:check', 'boundaries', 'knip']

  test('the check of the whole workspace', () => {
    const check = read('package.json').scripts?.['check'] ?? ''
    expect(check.split(' ')).toEqual(expect.arrayContaining(all))
  })

  test('npm test, which also packs and looks for changesets', () => {
    const steps = readFileSync(join(workspaceRoot, 'tools/verify/src/steps.ts'), 'utf8')
    const run = [...steps.matchAll(/target: '(?<name>[^']+)'/g)].map(
      (step) => step.groups?.['name'],
    )
    expect(run).toEqual(
      expect.arrayContaining([...all, 'check:pack', 'check:changeset', 'test:integration']),
    )
  })
})
