import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { request } from 'node:http'

import { eventually } from '@proxy/testkit'

import { type LabPaths } from './lab-directory.ts'

/** The node agent, running in the lab's node. */
export interface AgentProcess {
  readonly pid: number
  /** Sends SIGTERM and waits for its end; returns the exit code. */
  stop(): Promise<number | undefined>
  /** SIGKILL, as a crash would be; returns when it is gone. */
  kill(): Promise<void>
}

/** How the agent is started. */
export interface AgentProgram {
  /** The bundled agent. */
  readonly main: string
  /** Further flags. */
  readonly flags?: readonly string[]
}

/** Starts the agent in a session of its own, so that it may outlive us, and waits until it serves. */
export async function startAgent(
  nodeNetns: string,
  paths: LabPaths,
  { main, flags = [] }: AgentProgram,
): Promise<AgentProcess> {
  const log = await open(paths.agentLog, 'a', 0o600)
  const child = spawn(
    'nsenter',
    [
      ...[`--net=${nodeNetns}`, '--', process.execPath, main],
      ...['--socket', paths.socket, '--run-dir', paths.runDir],
      ...['--sidecar-dir', paths.sidecarDir, '--state-dir', paths.stateDir],
      ...['--envoy-path', paths.envoy, ...flags],
    ],
    { stdio: ['ignore', log.fd, log.fd], detached: true },
  )
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? undefined))
  })
  child.unref()
  await log.close()
  let exit: { readonly code: number | undefined } | undefined
  void ended.then(
    (code) => (exit = { code }),
    () => (exit = { code: undefined }),
  )
  await eventually(
    async () => {
      if (exit === undefined) await answers(paths.socket, '/readyz')
    },
    { timeoutMs: 20_000, intervalMs: 30 },
  )
  if (exit !== undefined) {
    throw new Error(`the agent ended with code ${String(exit.code)}; its log is ${paths.agentLog}`)
  }
  const { pid } = child
  if (pid === undefined) throw new Error('the agent has no pid')
  const send = (signal: NodeJS.Signals): Promise<number | undefined> => {
    child.kill(signal)
    return ended
  }
  return {
    pid,
    stop: () => send('SIGTERM'),
    kill: async () => {
      await send('SIGKILL')
    },
  }
}

/** Resolves when a GET on a Unix socket is answered with 200. */
function answers(socketPath: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, timeout: 1000 }, (response) => {
      response.resume()
      if (response.statusCode === 200) resolve()
      else reject(new Error(`${path} answered ${String(response.statusCode)}`))
    })
    call.once('timeout', () => call.destroy(new Error(`${path}: no answer in 1 s`)))
    call.once('error', reject)
    call.end()
  })
}
