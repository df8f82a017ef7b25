import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Import, type Project } from './layers.ts'

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly nx?: { readonly tags?: readonly string[] }
}

/** Reads every project of the workspace from its package.json: there is no cache to be stale. */
export function readProjects(root: string): readonly Project[] {
  const manifests = ['packages', 'apps', 'tools']
    .flatMap((folder) => globSync(`${folder}/*/package.json`, { cwd: root }))
    .filter((file) => !file.startsWith(join('tools', 'toolchain')))
    .map((file) => JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest)
  return manifests.map((manifest) => ({
    name: manifest.name,
    layer: manifest.nx?.tags?.find((tag) => tag.startsWith('layer:'))?.slice('layer:'.length),
    public: manifest.private !== true,
    imports: [...edges(manifest.dependencies, false), ...edges(manifest.devDependencies, true)],
  }))
}

function edges(dependencies: Readonly<Record<string, string>> = {}, dev: boolean): Import[] {
  return Object.keys(dependencies).map((target) => ({ target, dev }))
}
