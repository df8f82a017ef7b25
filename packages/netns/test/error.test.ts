import { describe, expect, it } from 'vitest'

import { NetnsError } from '../src/error.ts'

describe('NetnsError', () => {
  it.for([
    ['helper-died', true],
    ['timeout', true],
    ['netlink-overrun', true],
    ['netns-gone', false],
    ['aborted', false],
    ['helper-closed', false],
    ['permission', false],
  ] as const)('%s: retryable is %s', ([code, retryable]) => {
    expect(new NetnsError(code, 'x').retryable).toBe(retryable)
  })

  it('keeps the cause and the name of the error of the kernel', () => {
    const cause = new Error('inner')
    const error = new NetnsError('pin-failed', 'pin x: EBUSY', { cause, errno: 'EBUSY' })
    expect(error).toMatchObject({ name: 'NetnsError', errno: 'EBUSY', message: 'pin x: EBUSY' })
    expect(error.cause).toBe(cause)
    expect('cause' in new NetnsError('timeout', 'x')).toBe(false)
  })
})
