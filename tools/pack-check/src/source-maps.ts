import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

interface SourceMap {
  readonly sourceRoot?: string
  readonly sources?: readonly (string | null)[]
}

/** Every source a packed map names has to be in the package: else a debugger shows nothing. */
export function checkSourceMaps(folder: string, files: readonly string[]): readonly string[] {
  const present = new Set(files)
  return files
    .filter((file) => file.endsWith('.map'))
    .flatMap((file) => {
      const map = JSON.parse(readFileSync(join(folder, file), 'utf8')) as SourceMap
      return (map.sources ?? [])
        .map((source) => posix.join(posix.dirname(file), map.sourceRoot ?? '', source ?? ''))
        .filter((source) => !present.has(source))
        .map((source) => `${file} maps to ${source}, which is not packed`)
    })
}
