import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { dependencyClosure, readWorkspace } from '../src/workspace.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'workspace-'))
  writeFileSync(join(root, 'package.json'), '{ "name": "w", "license": "Apache-2.0" }')
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

function add(name: string, manifest: object): void {
  const file = join(root, 'packages', name, 'package.json')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify({ name, version: '0.0.0', ...manifest }))
}

test('a workspace that publishes nothing is an error: there would be nothing to check', () => {
  add('a', { private: true })
  expect(() => readWorkspace(root)).toThrow(`find public packages: none under ${root}/packages`)
})

test('what an installed package brings along, over any distance, once each', () => {
  add('a', { dependencies: { b: 'workspace:^', zod: '1' } })
  add('b', { optionalDependencies: { c: 'workspace:^' } })
  add('c', { dependencies: { d: 'workspace:^', b: 'workspace:^' }, devDependencies: { e: '*' } })
  add('d', { private: true })
  add('e', {})
  const workspace = readWorkspace(root)
  expect(workspace.published.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'e'])
  const closure = dependencyClosure(workspace, workspace.packages.slice(0, 1))
  expect(closure.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
})
