import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'

import { errnoOf, NetnsError } from '../error.ts'
import { type HelperCall } from '../protocol.ts'
import { inside } from './enter.ts'
import { type Work } from './work.ts'

/** A command that prints more is killed. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024
/** How long output may stay open after the command ended, milliseconds: a child of it may hold it. */
const OUTPUT_GRACE_MS = 1000

type RunCall = Extract<HelperCall, { op: 'run' }>

/**
 * Runs a command inside a namespace. The new process begins where the thread that makes it is, so
 * only that one step happens inside. It leads a process group of its own, which is killed whole.
 */
export function runCommand({ ns, argv, env, timeoutMs }: RunCall, stdin: Uint8Array): Work {
  const [file, ...args] = argv
  const child: ChildProcess = inside(ns, () =>
    spawn(file, args, { cwd: '/', env, stdio: 'pipe', detached: true }),
  )
  let failure: NetnsError | undefined
  const kill = (error: NetnsError): void => {
    failure ??= error
    killGroup(child)
  }
  const timer = setTimeout(() => {
    kill(new NetnsError('command-timeout', `run ${file}: not done after ${timeoutMs} ms, killed`))
  }, timeoutMs)

  let bytes = 0
  const collect = (stream: ChildProcess['stdout']): Uint8Array[] => {
    const chunks: Uint8Array[] = []
    stream?.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes <= MAX_OUTPUT_BYTES) chunks.push(chunk)
      else kill(new NetnsError('command-output-limit', `run ${file}: it prints too much, killed`))
    })
    return chunks
  }
  const output = [collect(child.stdout), collect(child.stderr)]
  child.stdin?.on('error', () => undefined) // it may end without reading
  child.stdin?.end(stdin)

  const result = ended(child, file).finally(() => clearTimeout(timer))
  return {
    result: result.then((exitCode) => {
      if (failure !== undefined) throw failure
      return { value: exitCode, parts: output.map((chunks) => Buffer.concat(chunks)) }
    }),
    cancel: () => kill(new NetnsError('aborted', `run ${file}: given up, killed`)),
  }
}

/** The exit code; 128 + n when signal n ended it, as shells count. */
function ended(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      const errno = errnoOf(error)
      const message = `run ${file}: ${errno === 'ENOENT' ? 'there is no such program' : String(errno)}`
      reject(new NetnsError('command-failed', message, { cause: error, errno }))
    })
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    )
    child.once('exit', () => {
      const grace = setTimeout(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      }, OUTPUT_GRACE_MS)
      child.once('close', () => clearTimeout(grace))
    })
  })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error // it has ended already
  }
}
