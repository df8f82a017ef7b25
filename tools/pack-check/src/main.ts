import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { checkChangesets } from './changeset.ts'
import { checkPackage, type Verdict } from './check-package.ts'
import { cleanEnvironment } from './environment.ts'
import { mapTwoAtOnce } from './map-two-at-once.ts'
import { pack } from './pack.ts'
import { readChangesets, readReleaseState } from './release-state.ts'
import { readWorkspace, type Workspace } from './workspace.ts'

const USAGE = `usage: node tools/pack-check/src/main.ts [pack|changeset] [--root DIR] [PACKAGE...]

  pack        pack each public package, judge the tarball, run its README example in an empty folder
  changeset   every public package that changed since its release is named by a changeset
              (default: both)
  --root DIR  the workspace to check (default: this one)
  PACKAGE     names of the public packages to pack (default: all)`

const CHECKS: Readonly<Record<string, (workspace: Workspace, names: string[]) => Promise<number>>> =
  {
    pack: checkPackages,
    changeset: checkReleases,
  }

const env = cleanEnvironment(process.env)

process.exitCode = await main()

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { root: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  })
  if (values.help === true) {
    console.log(USAGE)
    return 0
  }
  const chosen = CHECKS[positionals[0] ?? '']
  const names = chosen === undefined ? positionals : positionals.slice(1)
  const workspace = readWorkspace(
    values.root ?? fileURLToPath(new URL('../../..', import.meta.url)),
  )
  let faults = 0
  for (const check of chosen === undefined ? Object.values(CHECKS) : [chosen]) {
    faults += await check(workspace, names)
  }
  return faults === 0 ? 0 : 1
}

async function checkPackages(workspace: Workspace, names: string[]): Promise<number> {
  const known = new Set(workspace.published.map(({ name }) => name))
  const unknown = names.filter((name) => !known.has(name))
  if (unknown.length > 0) {
    throw new Error(
      `${unknown.join(', ')} is no public package; there are: ${[...known].join(', ')}`,
    )
  }
  // The real path: a folder that is reached through a link has two names, and pnpm stores one.
  const temp = await realpath(await mkdtemp(join(tmpdir(), 'pack-check-')))
  try {
    const tarballs = new Map(
      await mapTwoAtOnce(workspace.published, async (target, index) => {
        return [target.name, await pack(target, join(temp, `packed-${index}`), env)] as const
      }),
    )
    const wanted = workspace.published.filter(
      ({ name }) => names.length === 0 || names.includes(name),
    )
    const verdicts = await mapTwoAtOnce(wanted, (target, index) =>
      checkPackage(target, { workspace, tarballs, env, folder: join(temp, `consumer-${index}`) }),
    )
    verdicts.forEach(print)
    return verdicts.flatMap(({ problems }) => problems).length
  } finally {
    await rm(temp, { recursive: true, force: true })
  }
}

function print({ name, problems, fileCount, lineCount }: Verdict): void {
  for (const problem of problems) console.error(`${name}: ${problem}`)
  if (problems.length > 0) return
  console.log(`${name}: ${fileCount} files packed, its example printed ${lineCount} lines`)
}

async function checkReleases(workspace: Workspace): Promise<number> {
  const changesets = await readChangesets(workspace.root)
  const states = await mapTwoAtOnce(workspace.published, (target) =>
    readReleaseState(workspace, target, env),
  )
  const problems = checkChangesets(changesets, states)
  for (const problem of problems) console.error(problem)
  if (problems.length === 0) console.log(`${states.length} packages, no changeset is missing`)
  return problems.length
}
