import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { tryAsConsumer } from './consumer.ts'
import { checkManifest } from './manifest.ts'
import { type Tarball } from './pack.ts'
import { checkPackedFiles } from './packed-files.ts'
import { firstExample, importsPackage } from './readme.ts'
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
  const faults = await checkTarball(target, tarball, context.workspace)
  const verdict = { name: target.name, fileCount: tarball.files.length, lineCount: 0 }
  // What is packed wrongly often does not install either; its first fault is the one to read.
  if (faults.length > 0) return { ...verdict, problems: faults }

  const siblings = dependencyClosure(context.workspace, target)
  const unpublished = siblings.filter(({ manifest }) => manifest.private === true)
  if (unpublished.length > 0) {
    const names = unpublished.map(({ name }) => name).join(', ')
    return { ...verdict, problems: [`depends on ${names}, which is private`] }
  }
  const readme = await readFile(join(tarball.folder, 'README.md'), 'utf8')
  const example = firstExample(readme)
  if (example === undefined) return { ...verdict, problems: ['README.md has no ```ts block'] }
  if (!importsPackage(example, target.name)) {
    return {
      ...verdict,
      problems: ['README.md: the first ```ts block does not import the package'],
    }
  }
  const outcome = await tryAsConsumer(
    {
      folder: context.folder,
      name: target.name,
      tarball: tarball.file,
      siblings: Object.fromEntries(
        siblings.map(({ name }) => [name, tarballOf(name, context).file]),
      ),
      example,
    },
    context.env,
  )
  return outcome.kind === 'failed'
    ? { ...verdict, problems: outcome.problems }
    : { ...verdict, problems: [], lineCount: outcome.stdout.trimEnd().split('\n').length }
}

function tarballOf(name: string, { tarballs }: CheckContext): Tarball {
  const tarball = tarballs.get(name)
  if (tarball === undefined) throw new Error(`check ${name}: it was not packed`)
  return tarball
}

async function checkTarball(
  { name, folder }: WorkspacePackage,
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
  const report = join('api', `${name.replace(/^@[^/]+\//, '')}.api.md`)
  if (!existsSync(join(folder, report))) {
    problems.push(`no ${report}: run \`pnpm exec api-extractor run --local\` in the package`)
  }
  return problems
}
