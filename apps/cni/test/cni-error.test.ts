import { AgentApiError, wireErrorCodes } from '@proxy/agent-api'
import { CniError } from '@proxy/cni-types'
import { PolicyError } from '@proxy/policy'
import { expect, test } from 'vitest'
import { toCniError } from '../src/cni-error.ts'

test.for([
  [new AgentApiError('agent-absent', 'x'), 11],
  [new AgentApiError('timeout', 'x'), 11],
  [new AgentApiError('bad-response', 'x'), 11],
  [new AgentApiError('capture-failed', 'x'), 11],
  [new AgentApiError('capture-failed', 'x', { cniCode: 107 }), 107],
  [new AgentApiError('permission-denied', 'x'), 5],
  [new AgentApiError('bad-request', 'x'), 4],
  [new AgentApiError('check-failed', 'x'), 101],
  [new AgentApiError('internal', 'x'), 999],
  [new PolicyError('annotation-invalid', 'x'), 100],
  [new PolicyError('conf-invalid', 'x'), 7],
  [new CniError(1234, 'x'), 1234],
  [new TypeError('x'), 999],
  ['x', 999],
] as const)('%s is code %i', ([error, code]) => {
  const failure = toCniError(error)
  expect(failure.code).toBe(code)
  expect(failure.msg).toContain('x')
})

test('what the agent calls retryable is code 11, and nothing else is', () => {
  for (const code of wireErrorCodes) {
    const error = new AgentApiError(code, 'x')
    expect([code, toCniError(error).code === 11]).toEqual([code, error.retryable])
  }
})

test('details stay', () => {
  const error = new AgentApiError('capture-failed', 'x', { details: 'more' })
  expect(toCniError(error).details).toBe('more')
})
