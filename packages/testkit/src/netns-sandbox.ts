import { randomBytes } from 'node:crypto'

import { type Finished, run, type RunOptions, spawnIn, type Spawned } from './run.ts'

/** A network namespace that a test made; gone when disposed. */
export interface TestNetns extends AsyncDisposable {
  /** Its name for `ip netns`, `pxt-<label>-<random>`. */
  readonly name: string
  /** Its file, `/var/run/netns/<name>`. */
  readonly path: string
  /** Runs a program inside, to its end. */
  run(argv: readonly [string, ...string[]], options?: RunOptions): Promise<Finished>
  /** The same, but a non-zero exit code throws; returns standard output. */
  must(...argv: readonly [string, ...string[]]): Promise<string>
  /** Starts a program inside that stays until disposed. */
  spawn(argv: readonly [string, ...string[]], options?: RunOptions): Promise<Spawned>
}

/**
 * Makes a network namespace with `lo` up. Throws when the process may not (tests that cannot have
 * their namespace fail; they are never skipped).
 */
export async function createNetns(label: string): Promise<TestNetns> {
  const name = `pxt-${label}-${randomBytes(4).toString('hex')}`
  await must(['ip', 'netns', 'add', name])
  const path = `/var/run/netns/${name}`
  const inside = (argv: readonly string[]): [string, ...string[]] => [
    'nsenter',
    `--net=${path}`,
    '--',
    ...argv,
  ]
  const netns: TestNetns = {
    name,
    path,
    run: (argv, options) => run(inside(argv), options),
    must: (...argv) => must(inside(argv)),
    spawn: (argv, options) => spawnIn(inside(argv), options),
    async [Symbol.asyncDispose]() {
      await must(['ip', 'netns', 'delete', name])
    },
  }
  await netns.must('ip', 'link', 'set', 'lo', 'up')
  return netns
}

async function must(argv: readonly [string, ...string[]]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(argv)
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} exited ${exitCode}: ${stderr}`)
  return stdout
}
