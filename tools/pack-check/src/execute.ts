import { spawn } from 'node:child_process'

/** What a command did. */
export interface Execution {
  /** Exit code; undefined when it was killed, be it for taking too long. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** How a command is run. */
export interface ExecuteOptions {
  readonly cwd: string
  /** The whole environment, not an addition to ours. */
  readonly env: Readonly<Record<string, string>>
  /** Milliseconds after which its process group is killed. */
  readonly timeoutMs: number
}

/** Runs a command to its end; rejects only when it cannot be started. */
export async function execute(
  [file, ...args]: readonly [string, ...string[]],
  { cwd, env, timeoutMs }: ExecuteOptions,
): Promise<Execution> {
  // A group of its own: what the command leaves behind ends with it, and cannot hold the pipes open.
  const child = spawn(file, args, {
    cwd,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  child.once('exit', () => {
    killGroup(child.pid)
  })
  const timer = setTimeout(() => {
    killGroup(child.pid)
  }, timeoutMs)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { code: code ?? undefined, ...output }
  } finally {
    clearTimeout(timer)
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The last lines a failed command said, which hold the reason; stack traces are left out. */
export function lastWords({ stdout, stderr }: Execution, lines = 12): string {
  return `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^ +at /.test(line))
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n')
}
