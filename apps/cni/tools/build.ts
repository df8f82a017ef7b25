import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The runtime that is put into the executable: the x64 one that needs no AVX2. */
const RUNTIMES: Readonly<Record<string, string>> = {
  x64: '@oven/bun-linux-x64-baseline',
  arm64: '@oven/bun-linux-aarch64',
}

const runtime = RUNTIMES[process.arch]
if (process.platform !== 'linux' || runtime === undefined) {
  throw new Error(`proxy-cni is built on Linux on x64 or arm64, not ${process.platform}`)
}
// The `bun` package would need its install script; the platform's package holds the binary.
const require = createRequire(import.meta.url)
const bun = join(dirname(require.resolve(`${runtime}/package.json`)), 'bin/bun')
const root = join(import.meta.dirname, '..')

const { status, error } = spawnSync(
  bun,
  [
    'build',
    '--compile',
    '--minify',
    '--bytecode',
    '--format=esm',
    '--conditions=@proxy/source',
    // A file in the working directory must not change what the plugin does.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    join(root, 'src/main.ts'),
    '--outfile',
    join(root, 'dist/proxy-cni'),
  ],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
)
if (error !== undefined) throw error
process.exitCode = status ?? 1
