import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Folders of the projects that have a script of this name. */
export function projectsWith(root: string, script: string): readonly string[] {
  return ['packages', 'apps', 'tools']
    .flatMap((folder) => globSync(`${folder}/*/package.json`, { cwd: root }))
    .filter((file) => {
      const { scripts = {} } = JSON.parse(readFileSync(join(root, file), 'utf8')) as {
        readonly scripts?: Readonly<Record<string, string>>
      }
      return Object.hasOwn(scripts, script)
    })
    .map((file) => dirname(join(root, file)))
    .sort()
}
