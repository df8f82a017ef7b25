import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that is removed with everything in it when disposed. */
export interface TempDir extends AsyncDisposable {
  readonly path: string
}

/** Makes a fresh folder under the system's temporary folder, named `pxt-<name>-<random>`. */
export async function createTempDir(name: string): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), `pxt-${name}-`))
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true })
    },
  }
}
