// The door to the workspace: brings its own Node and pnpm, installs what the lockfile says, then runs
// a command with them. Runs on any Node from 18 on and depends on nothing.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const COMMANDS = {
  setup: ['node', 'tools/dependencies/src/main.ts'],
  demo: ['node', 'tools/demo/src/main.ts'],
  test: ['node', 'tools/verify/src/main.ts'],
  bench: ['node', 'tools/bench/src/main.ts'],
  // Any program, with the workspace's Node and pnpm first on PATH: `run.mjs exec pnpm check`.
  exec: [],
}
/** What needs real programs (Envoy, cnitool, the CNI plugins) before it can run. */
const NEEDS_DEPENDENCIES = new Set(['demo', 'test', 'bench'])

const [name = '', ...args] = process.argv.slice(2)
if (!Object.hasOwn(COMMANDS, name)) {
  fail(`unknown command "${name}"; known: ${Object.keys(COMMANDS).join(', ')}`)
}
if (name !== 'exec' && process.getuid?.() !== 0) {
  fail(`npm run ${name} makes network namespaces and runs as root: call it with sudo`)
}

const toolchain = installToolchain()
const env = {
  ...process.env,
  PATH: [...toolchain, process.env.PATH].join(':'),
  NX_DAEMON: 'false',
  NX_NO_CLOUD: 'true',
}
installWorkspace()
if (NEEDS_DEPENDENCIES.has(name)) must(COMMANDS.setup)
process.exitCode = run([...COMMANDS[name], ...args])

/** Puts Node and pnpm into this folder; returns the two folders for PATH. */
function installToolchain() {
  const arch = process.arch
  const folders = [
    join(here, 'node_modules', `node-linux-${arch}`, 'bin'),
    join(here, 'node_modules', '@pnpm', `exe.linux-${arch}`),
  ]
  if (process.platform !== 'linux') fail(`this project is for Linux; this is ${process.platform}`)
  const stamp = join(here, 'node_modules', '.installed')
  once(stamp, digest(['tools/toolchain/package-lock.json']), folders, () => {
    say('installing Node 24 and pnpm into tools/toolchain (from npm, about 60 MB)')
    const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: here,
      stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    })
    if (result.status !== 0 || !folders.every((folder) => existsSync(folder))) {
      fail(
        `npm ci in tools/toolchain failed: Node 24 and pnpm for linux-${arch} could not be had from ` +
          'the npm registry. Check the network and `npm config get registry`, then run this again',
      )
    }
  })
  return folders
}

/** Installs the workspace's packages exactly as the lockfile says, when it has changed. */
function installWorkspace() {
  const manifests = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
  const stamp = join(root, 'node_modules', '.installed')
  once(stamp, digest(manifests), [join(root, 'node_modules', 'nx')], () => {
    say('installing the packages of the lockfile')
    const status = run(['pnpm', 'install', '--frozen-lockfile', '--reporter=append-only'], 'stderr')
    if (status !== 0) {
      fail(
        'pnpm install failed: a package of pnpm-lock.yaml could not be had from the npm registry. ' +
          'Check the network, then run this again; once installed, no network is needed',
      )
    }
  })
}

/** Calls `install` unless `stamp` says that it was done for this `key` and every result is there. */
function once(stamp, key, results, install) {
  const done = existsSync(stamp) && readFileSync(stamp, 'utf8') === key
  if (done && results.every((path) => existsSync(path))) return
  install()
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, key)
}

function digest(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function must(argv) {
  const status = run(argv)
  if (status !== 0) process.exit(status)
}

/** Runs a command in the root; its output goes to ours, or all of it to standard error. */
function run([file, ...rest], output = 'inherit') {
  const stdio = output === 'stderr' ? ['ignore', process.stderr.fd, process.stderr.fd] : 'inherit'
  // A Ctrl-C reaches the whole process group: the command cleans up, and this waits for it.
  const ignore = () => undefined
  process.on('SIGINT', ignore)
  const { status, signal, error } = spawnSync(file, rest, { cwd: root, env, stdio })
  process.off('SIGINT', ignore)
  if (error) fail(`${file}: ${error.message}`)
  return status ?? (signal === 'SIGINT' ? 130 : 1)
}

function say(text) {
  process.stderr.write(`> ${text}\n`)
}

function fail(text) {
  process.stderr.write(`error: ${text}\n`)
  process.exit(1)
}
