import { type ChildProcess, spawn } from 'node:child_process'

/** What a finished program left. */
export interface Finished {
  /** Exit code; 128 + n when signal n ended it, as shells count. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A program that keeps running until it is disposed. */
export interface Spawned extends AsyncDisposable {
  readonly pid: number
  readonly process: ChildProcess
  /** Everything it has printed so far. */
  output(): { readonly stdout: string; readonly stderr: string }
}

/** Options of {@link run} and {@link spawnIn}. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Bytes for standard input, which is then closed. Default: empty. */
  readonly stdin?: string | Uint8Array
}

/** Runs a program to its end. Does not throw on a non-zero exit code. */
export async function run(
  argv: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<Finished> {
  const child = start(argv, options)
  const output = collect(child)
  child.stdin?.on('error', () => undefined) // it may end without reading
  child.stdin?.end(options.stdin ?? '')
  const exitCode = await ended(child)
  return { exitCode, ...output() }
}

/** Starts a program that stays until disposed; disposing sends SIGKILL and waits for its end. */
export async function spawnIn(
  argv: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<Spawned> {
  const child = start(argv, options)
  const output = collect(child)
  const exit = ended(child)
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  if (options.stdin !== undefined) child.stdin?.end(options.stdin)
  if (child.pid === undefined) throw new Error(`${argv[0]} has no pid`)
  return {
    pid: child.pid,
    process: child,
    output,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

function start([file, ...args]: readonly [string, ...string[]], options: RunOptions): ChildProcess {
  return spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
}

function collect(child: ChildProcess): Spawned['output'] {
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => (text[name] += chunk))
  }
  return () => ({ ...text })
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (signal === 'SIGKILL' ? 9 : signal === 'SIGTERM' ? 15 : 1)),
    )
  })
}
