import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backOffMs, nextRotation } from '../src/index.ts'

const issuedAt = new Date('2030-01-01T00:00:00Z')
const notAfter = new Date('2030-01-02T00:00:00Z')

describe('nextRotation', () => {
  test.for([
    { random: 0.5, ratio: 0.5, jitter: 0.05, hours: 12 },
    { random: 0, ratio: 0.5, jitter: 0.05, hours: 10.8 },
    { random: 0.5, ratio: 0.8, jitter: 0, hours: 19.2 },
    { random: 0.999999, ratio: 1, jitter: 0.5, hours: 24 },
    { random: 0, ratio: 0, jitter: 0.5, hours: 0 },
  ])('at $hours h for ratio $ratio and random $random', ({ random, ratio, jitter, hours }) => {
    const next = nextRotation({ issuedAt, notAfter }, { ratio, jitter, random: () => random })
    expect((next.getTime() - issuedAt.getTime()) / 3_600_000).toBeCloseTo(hours, 3)
  })

  test('at half of the lifetime, give or take a twentieth, by default (property)', () => {
    const number = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(number, fc.integer({ min: 1, max: 1e12 }), (random, lifetimeMs) => {
        const end = new Date(issuedAt.getTime() + lifetimeMs)
        const next = nextRotation({ issuedAt, notAfter: end }, { random: () => random })
        const share = (next.getTime() - issuedAt.getTime()) / lifetimeMs
        expect(next.getTime()).toBeGreaterThanOrEqual(issuedAt.getTime())
        expect(next.getTime()).toBeLessThanOrEqual(end.getTime())
        expect(share).toBeLessThanOrEqual(0.55)
        expect(share).toBeGreaterThanOrEqual(0.45 - 1 / lifetimeMs)
      }),
    )
  })

  test('at once for what has expired before it was issued', () => {
    const next = nextRotation({ issuedAt: notAfter, notAfter: issuedAt }, { random: () => 0.5 })
    expect(next).toEqual(notAfter)
  })
})

describe('backOffMs', () => {
  test('doubles up to the longest wait', () => {
    const waits = [1, 2, 3, 4, 9, 10, 2000].map((failures) =>
      backOffMs(failures, { random: () => 0 }),
    )
    expect(waits).toEqual([1000, 2000, 4000, 8000, 256_000, 300_000, 300_000])
  })

  test('takes off up to half', () => {
    expect(backOffMs(1, { initialMs: 100, random: () => 0.999 })).toBe(50)
  })
})
