import { expect, test, vi } from 'vitest'
import { CniError, cniErrorCodes } from '../src/index.ts'

test('message with and without details', () => {
  expect(new CniError(7, 'broken').message).toBe('broken')
  expect(new CniError(7, 'broken', '').message).toBe('broken')
  expect(new CniError(7, 'broken', 'here').message).toBe('broken; here')
})

test('JSON', () => {
  expect(JSON.stringify(new CniError(7, 'broken', 'here'))).toBe(
    '{"code":7,"msg":"broken","details":"here"}',
  )
  expect(new CniError(7, 'broken').toJSON('1.1.0')).toEqual({
    cniVersion: '1.1.0',
    code: 7,
    msg: 'broken',
  })
})

test('the name of a property is no version', () => {
  const error = new CniError(1, 'x')
  expect(JSON.stringify({ '0': error, error })).toBe(
    '{"0":{"code":1,"msg":"x"},"error":{"code":1,"msg":"x"}}',
  )
})

test('only code 11 is worth a retry', () => {
  expect(Object.values(cniErrorCodes).filter((code) => new CniError(code, '').retryable)).toEqual([
    11,
  ])
})

test('from: itself, or 999 with the message', () => {
  const error = new CniError(123, 'mine')
  expect(CniError.from(error)).toBe(error)
  const cause = new TypeError('oops')
  expect(CniError.from(cause)).toMatchObject({ code: 999, msg: 'oops', cause })
  expect(CniError.from('text')).toMatchObject({ code: 999, msg: 'text' })
  expect(CniError.from(undefined)).toMatchObject({ code: 999, msg: 'undefined' })
  expect(CniError.from(Object.create(null)).code).toBe(999)
})

test('two loaded copies recognise each other', async () => {
  vi.resetModules()
  const other = await import('../src/error.ts')
  expect(other.CniError).not.toBe(CniError)
  expect(new other.CniError(11, 'later')).toBeInstanceOf(CniError)
  expect(CniError.from(new other.CniError(11, 'later')).code).toBe(11)
  expect(new Error('x')).not.toBeInstanceOf(CniError)
})
