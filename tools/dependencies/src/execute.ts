import { spawnSync } from 'node:child_process'

/** What a finished program left. */
interface Executed {
  /** Undefined when the program could not be started. */
  readonly status: number | undefined
  readonly output: string
}

/** Runs a program to its end, quietly; standard output and error are kept together. */
export type Execute = (
  argv: readonly [string, ...string[]],
  env?: Readonly<Record<string, string>>,
) => Executed

export const execute: Execute = ([file, ...args], env = {}) => {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (error !== undefined) return { status: undefined, output: error.message }
  return { status: status ?? 1, output: `${stdout}${stderr}` }
}

/** Thrown when something cannot be brought; the message says what, why and what to do. */
export class DependencyError extends Error {
  override name = 'DependencyError'
}

/** Runs a program that has to succeed; its last lines are in the error if it does not. */
export function must(
  run: Execute,
  purpose: string,
  argv: readonly [string, ...string[]],
  env?: Readonly<Record<string, string>>,
): string {
  const { status, output } = run(argv, env)
  if (status === 0) return output
  const how = status === undefined ? 'could not be started' : `exited ${status}`
  const tail = output.trim().split('\n').slice(-8).join('\n  ')
  throw new DependencyError(`${purpose}: ${argv.slice(0, 3).join(' ')} ${how}:\n  ${tail}`)
}
