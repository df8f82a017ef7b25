import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { type Manifest } from './manifest.ts'

/** A package of the workspace as it lies on disk. */
export interface WorkspacePackage {
  readonly name: string
  /** Absolute path. */
  readonly folder: string
  readonly manifest: Manifest
}

/** What pack-check reads of a workspace. */
export interface Workspace {
  readonly root: string
  readonly license: string | undefined
  /** All under `packages/`, sorted by name. */
  readonly packages: readonly WorkspacePackage[]
  /** Those that are published. */
  readonly published: readonly WorkspacePackage[]
}

/** Reads the workspace at `root`; throws when nothing in it is published. */
export function readWorkspace(root: string): Workspace {
  const packages = globSync('packages/*/package.json', { cwd: root })
    .map((file) => join(root, file))
    .map((file) => ({ folder: dirname(file), manifest: readManifest(file) }))
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest }))
    .sort((a, b) => a.name.localeCompare(b.name))
  const published = packages.filter(({ manifest }) => manifest.private !== true)
  if (published.length === 0) throw new Error(`find public packages: none under ${root}/packages`)
  const { license } = readManifest(join(root, 'package.json'))
  return { root, license, packages, published }
}

/** Reads a package.json. */
export function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest
}

/** The workspace packages that installing `starts` brings along, themselves among them. */
export function dependencyClosure(
  workspace: Workspace,
  starts: readonly WorkspacePackage[],
): readonly WorkspacePackage[] {
  const found = new Map(starts.map((start) => [start.name, start]))
  for (const { manifest } of found.values()) {
    const names = { ...manifest.dependencies, ...manifest.optionalDependencies }
    for (const name of Object.keys(names)) {
      const dependency = workspace.packages.find((candidate) => candidate.name === name)
      if (dependency !== undefined) found.set(name, dependency)
    }
  }
  return [...found.values()]
}
