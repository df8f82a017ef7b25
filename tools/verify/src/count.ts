/** How many checks went how. */
export interface Count {
  readonly passed: number
  readonly failed: number
}

/** What vitest's JSON reporter writes, as far as it is counted. */
interface VitestResults {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly numTotalTests: number
  readonly success: boolean
}

export const NONE: Count = { passed: 0, failed: 0 }

export function add(a: Count, b: Count): Count {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed }
}

/**
 * Counts one results file. A skipped test, and a file that could not be loaded, is a failure: it
 * looks green and shows nothing.
 */
export function countResults(text: string): Count {
  const results = JSON.parse(text) as VitestResults
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = results
  const failed = numFailedTests + numPendingTests + numTodoTests
  const unexplained = !results.success && failed === 0
  const empty = results.numTotalTests === 0
  return { passed: numPassedTests, failed: failed + (unexplained || empty ? 1 : 0) }
}

/** Counts a step: its tests, or itself as one; a step that fails has at least one failure. */
export function countStep(ok: boolean, tests: readonly Count[] | undefined): Count {
  if (tests === undefined) return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
  const sum = tests.reduce(add, NONE)
  const nothingRan = sum.passed + sum.failed === 0
  return !ok || nothingRan ? { ...sum, failed: Math.max(sum.failed, 1) } : sum
}

/** The last line of the run. */
export function closingLine({ passed, failed }: Count): string {
  return `${passed} passed, ${failed} failed`
}
