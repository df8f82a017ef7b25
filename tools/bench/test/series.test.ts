import { expect, test } from 'vitest'

import { seededRandom } from '../src/random.ts'
import { measureInterleaved, type Variant } from '../src/series.ts'

function variant(name: string, calls: string[]): Variant {
  return {
    name,
    measure(round) {
      calls.push(name)
      return Promise.resolve(round)
    },
  }
}

test('each variant is measured once per round, in changing order, warm-up apart', async () => {
  const calls: string[] = []
  const variants = ['a', 'b', 'c'].map((name) => variant(name, calls))
  const series = await measureInterleaved(variants, {
    rounds: 20,
    warmUp: 1,
    random: seededRandom(1),
  })

  expect([...series.keys()]).toEqual(['a', 'b', 'c'])
  for (const values of series.values()) {
    expect(values).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  }
  const rounds = Array.from({ length: 21 }, (_, round) => calls.slice(3 * round, 3 * round + 3))
  for (const round of rounds) expect(round.toSorted()).toEqual(['a', 'b', 'c'])
  expect(new Set(rounds.map((round) => round.join(''))).size).toBeGreaterThan(3)
})
