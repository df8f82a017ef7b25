import { mkdir, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'

import { execute, lastWords } from './execute.ts'
import { type WorkspacePackage } from './workspace.ts'

/** A packed package, and the same unpacked. */
export interface Tarball {
  /** Absolute path of the `.tgz`. */
  readonly file: string
  /** Folder that holds its content. */
  readonly folder: string
  /** Paths inside, relative to `folder`, sorted. */
  readonly files: readonly string[]
}

/** A minute: packing and unpacking take a fraction of a second. */
const TIMEOUT_MS = 60_000

/**
 * Packs as a release does (`pnpm pack`, which also puts the workspace's LICENSE into the tarball) and
 * unpacks the result beside it. Throws when pnpm or tar fails.
 */
export async function pack(
  { name, folder: source }: WorkspacePackage,
  target: string,
  env: Readonly<Record<string, string>>,
): Promise<Tarball> {
  const file = join(target, 'package.tgz')
  const folder = join(target, 'package')
  await mkdir(target, { recursive: true })
  for (const argv of [
    ['pnpm', 'pack', '--out', file],
    ['tar', '-xzf', file, '-C', target],
  ] as const) {
    const result = await execute(argv, { cwd: source, env, timeoutMs: TIMEOUT_MS })
    if (result.code !== 0) {
      throw new Error(
        `pack ${name}: ${argv[0]} exited ${String(result.code)}\n${lastWords(result)}`,
      )
    }
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  return { file, folder, files: files.sort() }
}
