import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type Outcome, tryAsConsumer } from './consumer.ts'
import { checkManifest } from './manifest.ts'
import { type Tarball } from './pack.ts'
import { checkPackedFiles } from './packed-files.ts'
import { firstExample, importsPackage, installedPackages } from './readme.ts'
import { checkSourceMaps } from './source-maps.ts'
import {
  dependencyClosure,
  readManifest,
  type Workspace,
  type WorkspacePackage,
} from './workspace.ts'

/** The verdict on one package. */
export interface Verdict {
  readonly name: string
  /** A sentence for each fault; empty when the package may be published. */
  readonly problems: readonly string[]
  /** Files in the tarball. */
  readonly fileCount: number
  /** Lines the README example printed. */
  readonly lineCount: number
}

/** What a check needs besides the package itself. */
export interface CheckContext {
  readonly workspace: Workspace
  /** Tarballs of all published packages, by name. */
  readonly tarballs: ReadonlyMap<string, Tarball>
  /** A folder of this check's own, outside of the workspace. */
  readonly folder: string
  /** Environment of what is run. */
  readonly env: Readonly<Record<string, string>>
}

/** Judges the tarball of one package, then what its README promises about it. */
export async function checkPackage(
  target: WorkspacePackage,
  context: CheckContext,
): Promise<Verdict> {
  const tarball = tarballOf(target.name, context)
  const faults = await checkTarball(tarball, context.workspace)
  // What is packed wrongly often does not install either; its first fault is the one to read.
  const outcome = faults.length > 0 ? failed(...faults) : await tryExample(target, tarball, context)
  return {
    name: target.name,
    problems: [...checkApiReport(target), ...(outcome.kind === 'failed' ? outcome.problems : [])],
    fileCount: tarball.files.length,
    lineCount: outcome.kind === 'ran' ? outcome.stdout.trimEnd().split('\n').length : 0,
  }
}

async function tryExample(
  target: WorkspacePackage,
  tarball: Tarball,
  context: CheckContext,
): Promise<Outcome> {
  const { workspace } = context
  const readme = await readFile(join(tarball.folder, 'README.md'), 'utf8')
  const example = firstExample(readme)
  if (example === undefined) return failed('README.md has no ```ts block')
  if (!importsPackage(example, target.name)) {
    return failed('README.md: the first ```ts block does not import the package')
  }
  const installed = installedPackages(readme)
  if (!installed.includes(target.name)) {
    return failed('README.md has no line `npm install` that names the package')
  }
  const own = workspace.packages.filter(({ name }) => installed.includes(name))
  const brought = dependencyClosure(workspace, own)
  const unpublished = brought.filter(({ manifest }) => manifest.private === true)
  if (unpublished.length > 0) {
    return failed(`needs ${unpublished.map(({ name }) => name).join(', ')}, which is private`)
  }
  const overrides = Object.fromEntries(
    brought.map(({ name }) => [name, `file:${tarballOf(name, context).file}`]),
  )
  const dependencies = Object.fromEntries(
    installed.map((name) => [name, overrides[name] ?? 'latest']),
  )
  return tryAsConsumer({ folder: context.folder, dependencies, overrides, example }, context.env)
}

function failed(...problems: readonly string[]): Outcome {
  return { kind: 'failed', problems }
}

function tarballOf(name: string, { tarballs }: CheckContext): Tarball {
  const tarball = tarballs.get(name)
  if (tarball === undefined) throw new Error(`check ${name}: it was not packed`)
  return tarball
}

async function checkTarball(
  tarball: Tarball,
  { license, root }: Workspace,
): Promise<readonly string[]> {
  if (!tarball.files.some((file) => file.startsWith('dist/'))) {
    return ['nothing is built: run `pnpm run build` first']
  }
  const problems = [...checkPackedFiles(tarball.files)]
  const manifest = readManifest(join(tarball.folder, 'package.json'))
  problems.push(...checkManifest(manifest, license, new Set(tarball.files)))
  problems.push(...checkSourceMaps(tarball.folder, tarball.files))
  if (tarball.files.includes('LICENSE')) {
    const [packed, own] = await Promise.all(
      [tarball.folder, root].map((where) => readFile(join(where, 'LICENSE'), 'utf8')),
    )
    if (packed !== own) problems.push("packs a LICENSE that is not the workspace's")
  }
  return problems
}

function checkApiReport({ name, folder }: WorkspacePackage): readonly string[] {
  const report = join('api', `${name.replace(/^@[^/]+\//, '')}.api.md`)
  return existsSync(join(folder, report))
    ? []
    : [`no ${report}: run \`pnpm exec api-extractor run --local\` in the package`]
}
