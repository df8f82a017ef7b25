import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

import { type CommandOutput, type CommandRunner } from '../apply/backend.ts'

/** Exit status of what could not be started because it is not there, as shells have it. */
const notFound = 127

/** Runs programs as children, in the network namespace of this process. */
export const childProcessRunner: CommandRunner = {
  async run([program, ...args], stdin = '', options = {}): Promise<CommandOutput> {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ENOENT' ? resolve(notFound) : reject(error),
      )
      child.once('close', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)))
    })
    child.stdin.on('error', () => undefined) // it may end without reading
    child.stdin.end(stdin)
    const [exitCode, stdout, stderr] = await Promise.all([
      ended,
      text(child.stdout),
      text(child.stderr),
    ])
    return { exitCode, stdout, stderr: exitCode === notFound ? `${program}: not found` : stderr }
  },
}
