import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'

import { type Changeset, parseChangeset, type ReleaseState } from './changeset.ts'
import { execute } from './execute.ts'
import { type Workspace, type WorkspacePackage } from './workspace.ts'

const TIMEOUT_MS = 60_000

/** Reads all changesets that wait for a release. */
export async function readChangesets(root: string): Promise<readonly Changeset[]> {
  const files = globSync('.changeset/*.md', { cwd: root }).filter(
    (file) => basename(file) !== 'README.md',
  )
  return Promise.all(
    files
      .sort()
      .map(async (file) => parseChangeset(file, await readFile(join(root, file), 'utf8'))),
  )
}

/** Finds out, by git's tags and files, where one public package stands. */
export async function readReleaseState(
  { root }: Workspace,
  { name, folder, manifest: { version } }: WorkspacePackage,
  env: Readonly<Record<string, string>>,
): Promise<ReleaseState> {
  const git = async (...args: string[]): Promise<string | undefined> => {
    const result = await execute(['git', ...args], { cwd: root, env, timeoutMs: TIMEOUT_MS })
    return result.code === 0 ? result.stdout.trim() : undefined
  }
  const known = await git('describe', '--tags', '--abbrev=0', '--match', `${name}@*`)
  const changelog = await readVersions(folder)
  const state = { name, version, changelog }
  if (known === undefined) {
    // Without tags a released package would look new, and its CHANGELOG would excuse everything.
    const shallow = await git('rev-parse', '--is-shallow-repository')
    if (shallow === 'true' && changelog.length > 0) {
      throw new Error(`find the last release of ${name}: this clone has no tags, fetch them`)
    }
    return { ...state, tag: undefined, changed: [] }
  }

  const sources = ['src', 'package.json'].map((path) => join(relative(root, folder), path))
  const differing = await git('diff', '--name-only', known, '--', ...sources)
  const added = await git('ls-files', '--others', '--exclude-standard', '--', ...sources)
  if (differing === undefined || added === undefined) {
    throw new Error(`compare ${name} with ${known}: git failed`)
  }
  const changed = `${differing}\n${added}`.split('\n').filter((file) => file !== '')
  return { ...state, tag: known, changed }
}

async function readVersions(folder: string): Promise<readonly string[]> {
  if (globSync('CHANGELOG.md', { cwd: folder }).length === 0) return []
  const text = await readFile(join(folder, 'CHANGELOG.md'), 'utf8')
  return [...text.matchAll(/^## (?<version>\S+)/gm)].map((match) => match.groups?.['version'] ?? '')
}
