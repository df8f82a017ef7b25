import { setTimeout as sleep } from 'node:timers/promises'
import { listenerNames } from '@proxy/envoy-config'
import { type EnvoyAdmin } from './admin.ts'
import { EnvoyRuntimeError } from './error.ts'
import { reasonIn } from './log.ts'
import { type ReadyOptions } from './runtime.ts'

/** What can be known about the process behind an admin socket. */
export interface ReadyProbe {
  /** Whether it still runs. */
  alive(): Promise<boolean>
  /** Its last log lines, oldest first. */
  logLines(): Promise<readonly string[]>
}

/** What {@link waitUntilReady} waits for. */
export interface WaitUntilReady extends ReadyOptions {
  readonly admin: EnvoyAdmin
  /** With it a dead process is noticed at once, and errors tell why. */
  readonly probe?: ReadyProbe
}

const POLL_MS = 10

/**
 * Waits until Envoy is live and has its listeners. Live alone is not enough: a listener from a file
 * that cannot have its port is refused, and Envoy goes live without it. Throws `exited`,
 * `config-invalid`, `port-in-use` (by the log), `listener-missing` or `not-ready`.
 */
export async function waitUntilReady(options: WaitUntilReady): Promise<void> {
  const { admin, probe, timeoutMs = 10_000, signal } = options
  const wanted = options.listeners ?? [listenerNames.inbound, listenerNames.outbound]
  const end = performance.now() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    if (await isLive(admin, Math.max(1, end - performance.now()), signal)) {
      await expectListeners(options, wanted)
      return
    }
    if (probe !== undefined && !(await probe.alive())) {
      const logLines = await probe.logLines()
      throw failure(reasonIn(logLines) ?? 'exited', 'envoy ended before it was ready', logLines)
    }
    if (performance.now() >= end) {
      const logLines = (await probe?.logLines()) ?? []
      throw failure('not-ready', `envoy was not ready within ${timeoutMs} ms`, logLines)
    }
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal })
  }
}

async function isLive(
  admin: EnvoyAdmin,
  leftMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const timeoutMs = Math.ceil(Math.min(leftMs, 1000))
    return await admin.ready(signal === undefined ? { timeoutMs } : { timeoutMs, signal })
  } catch (error) {
    // No socket yet, or nobody listens on it yet.
    if (error instanceof EnvoyRuntimeError && error.code === 'admin-unreachable') return false
    throw error
  }
}

async function expectListeners(
  { admin, probe, signal }: WaitUntilReady,
  wanted: readonly string[],
): Promise<void> {
  const found = await admin.listeners(signal === undefined ? {} : { signal })
  const missing = wanted.filter((name) => !found.some((listener) => listener.name === name))
  if (missing.length === 0) return
  const logLines = (await probe?.logLines()) ?? []
  throw failure(
    reasonIn(logLines) ?? 'listener-missing',
    `envoy is live without its listener ${missing.join(', ')}`,
    logLines,
  )
}

function failure(
  code: EnvoyRuntimeError['code'],
  what: string,
  logLines: readonly string[],
): EnvoyRuntimeError {
  const last = logLines.at(-1)
  return new EnvoyRuntimeError(code, last === undefined ? what : `${what}: ${last}`, { logLines })
}
