import { createNetns, createTempDir, run, type TempDir } from '@proxy/testkit'
import { cp, mkdir, readFile, realpath, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const here = fileURLToPath(new URL('../..', import.meta.url))
const workspace = join(here, '../..')

/** What the build reads, below the workspace. */
const sources = ['src', 'package.json', 'tsup.config.ts', 'tsconfig.json', 'README.md'].map(
  (name) => `packages/iptables/${name}`,
)

let directory: TempDir
/** A stranger's project, in which the package is installed. */
let project: string
beforeAll(async () => {
  directory = await createTempDir('ipt-pack')
  const build = join(directory.path, 'build')
  for (const path of [...sources, 'tsup.base.ts', 'tsconfig.base.json']) {
    await cp(join(workspace, path), join(build, path), { recursive: true })
  }
  const folder = join(build, 'packages/iptables')
  await symlink(join(workspace, 'node_modules'), join(build, 'node_modules'))
  await symlink(join(here, 'node_modules'), join(folder, 'node_modules'))
  const tsup = join(workspace, 'node_modules/.bin/tsup')
  await must(
    folder,
    process.execPath,
    createRequire(await realpath(tsup)).resolve('tsup/dist/cli-default.js'),
  )
  await must(folder, 'npm', 'pack', '--ignore-scripts', '--offline')

  project = join(directory.path, 'project')
  const installed = join(project, 'node_modules/@proxy/iptables')
  await mkdir(installed, { recursive: true })
  await must(
    folder,
    'sh',
    '-c',
    `tar -xzf proxy-iptables-*.tgz --strip-components=1 -C ${installed}`,
  )
  for (const name of ['commander', 'zod']) {
    await symlink(
      await realpath(join(here, 'node_modules', name)),
      join(project, 'node_modules', name),
    )
  }
})
afterAll(() => directory[Symbol.asyncDispose]())

async function must(cwd: string, ...argv: [string, ...string[]]): Promise<string> {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }
  const { exitCode, stdout, stderr } = await run(argv, { cwd, env })
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} exited ${exitCode}: ${stderr}${stdout}`)
  return stdout
}

/** The command as the installed package names it. */
async function command(): Promise<string> {
  const folder = join(project, 'node_modules/@proxy/iptables')
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    readonly bin: Readonly<Record<string, string>>
  }
  return join(folder, manifest.bin['proxy-iptables']!)
}

test('the packed command prints, applies, verifies and removes', async () => {
  const golden = new URL('../golden/istio/pod-basic.ipv4.rules', import.meta.url)
  const flags = ['--compat=istio', '-b*', '-d15020,15021,15090', '-o15020', '-i*']
  const path = await command()
  // By its first line, as a shell would.
  expect(await must(project, path, 'render', '--family=ipv4', ...flags)).toBe(
    await readFile(golden, 'utf8'),
  )
  await using netns = await createNetns('ipt-pack')
  const inside = ['nsenter', `--net=${netns.path}`, '--', path] as const
  expect(await must(project, ...inside, 'apply', ...flags)).toBe('applied (iptables-nft)\n')
  expect(await must(project, ...inside, 'verify', ...flags)).toContain('as it should be')
  expect(await must(project, ...inside, 'remove', ...flags)).toBe('removed (iptables-nft)\n')
})

test('the packed schema is the printed one', async () => {
  const program = [
    "import schema from '@proxy/iptables/redirect-spec.schema.json' with { type: 'json' }",
    'process.stdout.write(`${JSON.stringify(schema, null, 2)}\\n`)',
  ]
  const shipped = await must(
    project,
    process.execPath,
    '--input-type=module',
    '-e',
    program.join('\n'),
  )
  expect(shipped).toBe(await must(project, await command(), '--schema'))
})
