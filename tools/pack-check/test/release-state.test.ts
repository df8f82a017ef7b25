import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { type ReleaseState } from '../src/changeset.ts'
import { readChangesets, readReleaseState } from '../src/release-state.ts'
import { readWorkspace } from '../src/workspace.ts'

let root: string
const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' }

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

function git(...args: string[]): void {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'gc.auto=0']
  execFileSync('git', [...identity, ...args], { cwd: root, env, stdio: 'pipe' })
}

async function stateAt(folder: string): Promise<ReleaseState> {
  const workspace = readWorkspace(folder)
  return readReleaseState(workspace, workspace.published[0]!, env)
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'release-state-'))
  write('package.json', '{ "name": "w", "private": true, "license": "Apache-2.0" }')
  write('packages/a/package.json', '{ "name": "@proxy/a", "version": "0.1.0" }')
  write('packages/a/src/index.ts', 'export const a = 1\n')
  write('packages/a/test/index.test.ts', '')
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '-m', 'one')
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

test('without a tag a package was never released', async () => {
  git('tag', '@proxy/another@9.9.9')
  expect(await stateAt(root)).toEqual({
    name: '@proxy/a',
    version: '0.1.0',
    tag: undefined,
    changed: [],
    changelog: [],
  })
})

test('a tree outside of git counts as never released', async () => {
  rmSync(join(root, '.git'), { recursive: true })
  expect(await stateAt(root)).toMatchObject({ tag: undefined, changed: [] })
})

test('changed, deleted and new sources count, tests do not', async () => {
  git('tag', '@proxy/a@0.1.0')
  write('packages/a/test/index.test.ts', 'changed')
  expect(await stateAt(root)).toMatchObject({ tag: '@proxy/a@0.1.0', changed: [] })

  write('packages/a/src/index.ts', 'export const a = 2\n')
  write('packages/a/src/new.ts', '')
  expect(await stateAt(root)).toMatchObject({
    changed: ['packages/a/src/index.ts', 'packages/a/src/new.ts'],
  })
})

test('the newest tag is the release, and CHANGELOG.md lists the versions', async () => {
  git('tag', '@proxy/a@0.1.0')
  write('packages/a/src/index.ts', 'export const a = 2\n')
  write('packages/a/CHANGELOG.md', '# @proxy/a\n\n## 0.2.0\n\n### Minor Changes\n\n## 0.1.0\n')
  git('add', '.')
  git('commit', '--quiet', '-m', 'two')
  git('tag', '@proxy/a@0.2.0')
  expect(await stateAt(root)).toMatchObject({
    tag: '@proxy/a@0.2.0',
    changed: [],
    changelog: ['0.2.0', '0.1.0'],
  })
})

test('a shallow clone of a released package is an error, not a pass', async () => {
  write('packages/a/CHANGELOG.md', '## 0.1.0\n')
  git('add', '.')
  git('commit', '--quiet', '-m', 'two')
  const url = pathToFileURL(root).href
  git('clone', '--quiet', '--depth', '1', '--no-tags', url, join(root, 'shallow'))
  await expect(stateAt(join(root, 'shallow'))).rejects.toThrow('this clone has no tags')
})

test('changesets are read in order of their names, the README is none', async () => {
  write('.changeset/README.md', '# no front matter')
  write('.changeset/b.md', "---\n'@proxy/a': minor\n---\nB\n")
  write('.changeset/a.md', '---\n---\nA\n')
  expect((await readChangesets(root)).map(({ summary }) => summary)).toEqual(['A', 'B'])
})
