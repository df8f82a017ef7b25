import { describe, expect, test } from 'vitest'

import { printedError } from '../src/cni-error.ts'

describe('the error of a failed verb', () => {
  test('is what it printed', () => {
    const stdout = '{"code":11,"msg":"try again"}'
    expect(printedError({ exitCode: 1, stdout, stderr: '' })).toEqual({
      code: 11,
      msg: 'try again',
    })
  })

  test.each([
    ['success', 0, '{"code":11,"msg":"x"}', 'succeeded'],
    ['no JSON', 1, 'panic: nil', 'not valid JSON'],
    ['another object', 1, '{"cniVersion":"1.0.0"}', 'not a CNI error'],
  ])('is not: %s', (_, exitCode, stdout, why) => {
    expect(() => printedError({ exitCode, stdout, stderr: '' })).toThrow(why)
  })
})
