import { setTimeout as sleep } from 'node:timers/promises'

/** How long and how often {@link eventually} tries. */
export interface EventuallyOptions {
  /** Milliseconds after which the last failure is thrown. Default 10,000. */
  readonly timeoutMs?: number
  /** Milliseconds between two tries. Default 20. */
  readonly intervalMs?: number
}

/** Repeats `attempt` until it does not throw, and returns what it returned. */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 20 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(intervalMs)
    }
  }
}
