import { expect, test } from 'vitest'
import { captureReasons, describeReason, skipReasons } from '../src/index.ts'

test('every reason has words of its own that complete a sentence', () => {
  const all = Object.entries({ ...skipReasons, ...captureReasons })
  expect(new Set(all.map(([, words]) => words)).size).toBe(all.length)
  for (const [reason, words] of all) {
    expect(describeReason(reason as keyof typeof skipReasons)).toBe(words)
    expect(words).toMatch(/^[a-z].*[^.]$/)
  }
})
