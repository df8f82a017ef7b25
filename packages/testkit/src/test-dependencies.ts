import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Real programs that tests run; `npm run setup` puts them under `.cache/` of the clone. */
export interface TestDependencies {
  /** Absolute path of the Envoy binary, 1.40 or newer. */
  readonly envoy: string
  /** Absolute path of libcni's `cnitool`. */
  readonly cnitool: string
  /** Folder of the reference plugins (bridge, host-local, portmap, loopback, ...). */
  readonly cniPluginDir: string
}

const manifest = fileURLToPath(new URL('../../../.cache/dependencies.json', import.meta.url))

/** Reads where `npm run setup` put the programs; throws, naming the command, if it has not run. */
export function testDependencies(): TestDependencies {
  if (!existsSync(manifest)) {
    throw new Error(`${manifest} is missing: run \`npm run setup\` once in the root of the clone`)
  }
  const found = JSON.parse(readFileSync(manifest, 'utf8')) as TestDependencies
  for (const path of [found.envoy, found.cnitool, found.cniPluginDir]) {
    if (!existsSync(path)) throw new Error(`${path} is missing: run \`npm run setup\` again`)
  }
  return found
}
