import { fileURLToPath } from 'node:url'

/** Command of the plugin that is a program, from source. */
export const pluginCommand: readonly [string, ...string[]] = [
  process.execPath,
  '--conditions=@proxy/source',
  fileURLToPath(new URL('fixtures/plugin.ts', import.meta.url)),
]
