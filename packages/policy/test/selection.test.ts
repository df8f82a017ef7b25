import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSelectionFile, PolicyError, renderSelectionFile } from '../src/index.ts'

test('what is rendered is read back, sorted and without repetitions', () => {
  const name = fc.stringMatching(/^[a-z0-9]{1,20}$/)
  fc.assert(
    fc.property(fc.array(name), (namespaces) => {
      const text = renderSelectionFile(namespaces)
      expect(parseSelectionFile(text).namespaces).toEqual([...new Set(namespaces)].sort())
      expect(renderSelectionFile([...namespaces].reverse())).toBe(text)
    }),
  )
})

test.for([
  '',
  '{',
  'null',
  '[]',
  '{"version":2,"namespaces":[]}',
  '{"version":1,"namespaces":[7]}',
])('refuses %j', (text) => {
  expect(() => parseSelectionFile(text)).toThrow(PolicyError)
  expect(() => parseSelectionFile(text)).toThrow(/^selection file: /)
})

test('keys of later versions of the format are no fault', () => {
  const text = '{"version":1,"namespaces":["a"],"later":true}'
  expect(parseSelectionFile(text).namespaces).toEqual(['a'])
})
