import { afterAll, beforeAll, expect, test } from 'vitest'

import { createFixture, type Fixture, ownTool } from '../src/fixture.ts'
import {
  type Fields,
  IMPURE,
  manifestOf,
  minimalWorkspace,
  PUBLIC,
  publicFields,
  PURE,
  pureFields,
} from '../src/minimal-workspace.ts'

let fixture: Fixture
beforeAll(() => {
  fixture = createFixture()
})
afterAll(() => {
  fixture[Symbol.dispose]()
})

test('imports that only go down pass', async () => {
  const { code, output } = await fixture.run(ownTool('boundaries', fixture.root))
  expect(output).toBe('3 projects, no boundary is broken\n')
  expect(code).toBe(0)
})

const onNetns = { '@proxy/netns': 'workspace:^' }
const faults: readonly (readonly [
  what: string,
  folder: string,
  fields: Fields,
  message: string,
])[] = [
  [
    'a pure package that imports one that touches the machine',
    PURE,
    { ...pureFields, dependencies: onNetns },
    '@proxy/policy must not import @proxy/netns: layer core lies below host',
  ],
  [
    'a pure package whose tests do',
    PURE,
    { ...pureFields, devDependencies: onNetns },
    '@proxy/policy must not import @proxy/netns: layer core lies below host',
  ],
  [
    'a public package that imports a private one',
    PUBLIC,
    { ...publicFields, dependencies: onNetns },
    '@proxy/cni-types must not import @proxy/netns: a public package would need a private one',
  ],
  [
    'a package of no layer',
    IMPURE,
    { ...pureFields, dependencies: {}, nx: { tags: [] } },
    '@proxy/netns has no known layer tag (has: none)',
  ],
]

test.for(faults)('%s fails', async ([, folder, fields, message]) => {
  const path = `${folder}/package.json`
  fixture.write({ [path]: manifestOf(folder, fields) })
  const { code, output } = await fixture.run(ownTool('boundaries', fixture.root))
  fixture.write({ [path]: minimalWorkspace[path]! })
  expect(output).toBe(`${message}\n`)
  expect(code).toBe(1)
})
