import { kill as sendSignal } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EnvoyAdmin } from './admin.ts'
import { EnvoyRuntimeError, systemCode } from './error.ts'
import { isAlive } from './proc.ts'
import { type StopOptions, type StopOutcome } from './runtime.ts'

/** One process, by pid and start. */
export interface RunningProcess {
  readonly pid: number
  readonly startTicks: number
}

const POLL_MS = 10
/** How long the kernel may take to end a killed process; longer means that it hangs in a driver. */
const KILL_TIMEOUT_MS = 10_000

/**
 * Ends an Envoy: tells it to drain, waits until no connection is open or the grace is over, then
 * SIGTERM, then SIGKILL. An admin that does not answer makes it shorter, not fail.
 */
export async function stopProcess(
  target: RunningProcess,
  admin: EnvoyAdmin,
  { graceMs = 5000, termMs = 2000, signal }: StopOptions,
): Promise<StopOutcome> {
  const drained = graceMs > 0 && (await drain(target, admin, graceMs, signal))
  if (signal?.aborted !== true) {
    signalProcess(target, 'SIGTERM')
    if (await ended(target, termMs, signal)) return drained ? 'drained' : 'terminated'
  }
  await killProcess(target)
  return 'killed'
}

/** Ends a process at once. Throws `stop-failed` when it does not end. */
export async function killProcess(target: RunningProcess): Promise<void> {
  if (!(await isAlive(target.pid, target.startTicks))) return
  signalProcess(target, 'SIGKILL')
  if (await ended(target, KILL_TIMEOUT_MS)) return
  throw new EnvoyRuntimeError('stop-failed', `process ${target.pid} does not end after SIGKILL`)
}

async function drain(
  target: RunningProcess,
  admin: EnvoyAdmin,
  graceMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const end = performance.now() + graceMs
  const call = signal === undefined ? {} : { signal }
  try {
    await admin.drainListeners(call)
    for (;;) {
      if ((await admin.activeConnections(call)) === 0) return true
      if (performance.now() >= end || !(await isAlive(target.pid, target.startTicks))) return false
      await sleep(POLL_MS, undefined, call)
    }
  } catch (error) {
    // It hangs, is dying, or the caller has no more time: go on with the harder way.
    if (error instanceof EnvoyRuntimeError || signal?.aborted === true) return false
    throw error
  }
}

/** Whether it ends in time. Not our child, so the process table is asked. */
async function ended(
  { pid, startTicks }: RunningProcess,
  withinMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const end = performance.now() + withinMs
  while (await isAlive(pid, startTicks)) {
    if (performance.now() >= end || signal?.aborted === true) return false
    await sleep(POLL_MS)
  }
  return true
}

function signalProcess({ pid }: RunningProcess, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    sendSignal(pid, name)
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error
  }
}
