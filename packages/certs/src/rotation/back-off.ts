/** Options of {@link backOffMs}. */
export interface BackOffOptions {
  /** Wait after the first failure, ms. Default 1 s. */
  readonly initialMs?: number
  /** Longest wait, ms. Default 5 min. */
  readonly maxMs?: number
  /** Gives numbers from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number
}

const defaultInitialMs = 1000
const defaultMaxMs = 5 * 60_000

/** How long to wait after the `failures`th failure in a row: doubled each time, minus up to half. */
export function backOffMs(
  failures: number,
  { initialMs = defaultInitialMs, maxMs = defaultMaxMs, random }: BackOffOptions,
): number {
  const full = Math.min(initialMs * 2 ** Math.max(failures - 1, 0), maxMs)
  return Math.round(full * (1 - random() / 2))
}
