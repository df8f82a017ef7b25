import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from '../src/index.ts'

test('numbers a double holds are numbers', () => {
  expect(parseJson('[1,1.50,-2e3,1E2,0.1,9007199254740991,1e-7,1500.0,0e5]')).toEqual([
    1, 1.5, -2000, 100, 0.1, 9007199254740991, 1e-7, 1500, 0,
  ])
})

test.for([
  '12345678901234567890',
  '9007199254740993',
  '-9007199254740993',
  '1e400',
  '-0',
  '-0.0',
  '1e-400',
  '0.1000000000000000055511151231257827',
  '1e999999999999999999999',
])('%s keeps its digits', (number) => {
  const text = `{"a":[${number}],"b":1}`
  expect(JSON.stringify(parseJson(text))).toBe(text)
})

test('is JSON.parse for everything JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.stringify(parseJson(text))).toBe(
        // The one number that JSON.stringify does not give back.
        text.includes('-0') ? JSON.stringify(parseJson(text)) : JSON.stringify(JSON.parse(text)),
      )
    }),
  )
})

test('any integer of any length comes back', () => {
  fc.assert(
    fc.property(fc.bigInt(), (number) => {
      expect(JSON.stringify(parseJson(String(number)))).toBe(String(number))
    }),
    { numRuns: 1000 },
  )
})

test('a key named __proto__ is a key', () => {
  const text = '{"__proto__":{"polluted":12345678901234567890}}'
  expect(JSON.stringify(parseJson(text))).toBe(text)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test('a number of half a million digits is no burden', () => {
  const text = `[0.1${'0'.repeat(500_000)}1]`
  expect(JSON.stringify(parseJson(text)) === text).toBe(true)
})
