import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { ensureCnitool } from './cnitool.ts'
import { CNI_PLUGIN_DIR, ensureDebianPrograms } from './debian.ts'
import { ensureEnvoy } from './envoy.ts'
import { DependencyError, execute } from './execute.ts'

const cacheDir = fileURLToPath(new URL('../../../.cache', import.meta.url))
const say = (text: string): void => {
  console.error(`> ${text}`)
}

try {
  mkdirSync(cacheDir, { recursive: true })
  ensureDebianPrograms(execute, say)
  const manifest = {
    envoy: ensureEnvoy(execute, say, { cacheDir, arch: process.arch }),
    cnitool: ensureCnitool(execute, say, { cacheDir }),
    cniPluginDir: CNI_PLUGIN_DIR,
  }
  const file = join(cacheDir, 'dependencies.json')
  writeFileSync(`${file}.new`, `${JSON.stringify(manifest, undefined, 2)}\n`)
  renameSync(`${file}.new`, file)
} catch (error) {
  if (!(error instanceof DependencyError)) throw error
  console.error(`error: ${error.message}`)
  console.error('Once everything is there, no network is needed any more.')
  process.exitCode = 1
}
