import { expect, test } from 'vitest'
import { CertsError } from '../src/index.ts'

test('CertsError says what, where, why and whether to try again', () => {
  const cause = new Error('no space')
  const error = new CertsError('write-failed', 'write a: ENOSPC', { cause, file: '/a' })
  expect(error).toMatchObject({ name: 'CertsError', code: 'write-failed', file: '/a', cause })
  expect(error.retryable).toBe(true)
  const other = new CertsError('ca-state-damaged', 'open a: damaged')
  expect(other.retryable).toBe(false)
  expect('cause' in other).toBe(false)
})
