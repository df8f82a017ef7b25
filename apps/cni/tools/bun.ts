import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The runtime that is put into the executable: on x64 the one that needs no AVX2. */
const RUNTIMES: Readonly<Record<string, string>> = {
  x64: '@oven/bun-linux-x64-baseline',
  arm64: '@oven/bun-linux-aarch64',
}

/** Arguments of bun that compile `entry` to one executable, `outfile`. */
export function compileArguments(entry: string, outfile: string): string[] {
  return [
    'build',
    '--compile',
    '--minify',
    '--bytecode',
    '--format=esm',
    '--conditions=@proxy/source',
    // A file in the working directory must not change what the plugin does.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    entry,
    '--outfile',
    outfile,
  ]
}

/** Path of bun. The `bun` package would need its install script; the platform's has the binary. */
export function bunPath(): string {
  const runtime = RUNTIMES[process.arch]
  if (process.platform !== 'linux' || runtime === undefined) {
    throw new Error(`proxy-cni is built on Linux on x64 or arm64, not ${process.platform}`)
  }
  const require = createRequire(import.meta.url)
  return join(dirname(require.resolve(`${runtime}/package.json`)), 'bin/bun')
}
