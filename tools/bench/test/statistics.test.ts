import { expect, test } from 'vitest'

import { summarise } from '../src/statistics.ts'

test('percentiles are values of the series, by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(summarise(hundred)).toEqual({ n: 100, p50: 50, p99: 99, min: 1, max: 100 })
  expect(summarise([7])).toEqual({ n: 1, p50: 7, p99: 7, min: 7, max: 7 })
  expect(summarise([3, 1, 2])).toMatchObject({ p50: 2, p99: 3 })
})

test('nothing cannot be summarised', () => {
  expect(() => summarise([])).toThrow(RangeError)
})
