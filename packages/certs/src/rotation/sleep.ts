import { setTimeout as delay } from 'node:timers/promises'

/** Longest single timer, ms: after a suspend or a change of the clock it is looked at again. */
const maxTimerMs = 60 * 60_000

/** Waits; rejects with an `AbortError` or the reason of the signal when that aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

/** Waits at most an hour: ask for the time again after it. */
export async function abortableSleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await delay(Math.min(Math.max(ms, 0), maxTimerMs), undefined, { signal })
}

/** Options of {@link sleepUnless}. */
export interface SleepUnlessOptions {
  /** How long to wait, ms. */
  readonly ms: number
  /** Ends the wait early. */
  readonly wake: Promise<true>
  /** Ends the wait with an error. */
  readonly signal: AbortSignal
  /** How to wait. Default a timer. */
  readonly sleep?: Sleep
}

/** Waits, and leaves no timer behind when it was woken; true when it was. */
export async function sleepUnless(options: SleepUnlessOptions): Promise<boolean> {
  const { ms, wake, signal, sleep = abortableSleep } = options
  signal.throwIfAborted()
  const nap = new AbortController()
  const end = (): void => nap.abort(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([wake, sleep(ms, nap.signal).then(() => false)])
  } finally {
    signal.removeEventListener('abort', end)
    nap.abort()
  }
}

/** Whether an error only says that the signal has aborted. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return (
    signal.aborted &&
    (error === signal.reason || (error instanceof Error && error.name === 'AbortError'))
  )
}
