import { setTimeout as delay } from 'node:timers/promises'

/** Longest single timer, ms: after a suspend or a change of the clock it is looked at again. */
const maxTimerMs = 60 * 60_000

/** Waits; rejects with the reason of the signal when that aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

/** Waits at most an hour: ask for the time again after it. */
export async function abortableSleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await delay(Math.min(Math.max(ms, 0), maxTimerMs), undefined, { signal })
}

/** Whether an error only says that the signal has aborted. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return (
    signal.aborted &&
    (error === signal.reason || (error instanceof Error && error.name === 'AbortError'))
  )
}
