import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { createTempDir } from '@proxy/testkit'

import { add, closingLine, countResults, countStep } from '../src/count.ts'
import { projectsWith } from '../src/projects.ts'
import { STEPS } from '../src/steps.ts'

const results = (more: object): string =>
  JSON.stringify({
    ...{ numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 },
    ...{ numTotalTests: 3, success: true },
    ...more,
  })

describe('a results file', () => {
  test.each<[string, object, number, number]>([
    ['that is green', {}, 3, 0],
    ['with a failure', { numFailedTests: 2, success: false }, 3, 2],
    ['with a skipped test', { numPendingTests: 1 }, 3, 1],
    ['with a test to be written', { numTodoTests: 1 }, 3, 1],
    ['of a suite that could not be loaded', { success: false }, 3, 1],
    ['without tests', { numPassedTests: 0, numTotalTests: 0 }, 0, 1],
  ])('%s', (_, more, passed, failed) => {
    expect(countResults(results(more))).toEqual({ passed, failed })
  })
})

describe('a step', () => {
  test.each<[string, Parameters<typeof countStep>, number, number]>([
    ['check that passes', [true, undefined], 1, 0],
    ['check that fails', [false, undefined], 0, 1],
    [
      'tests',
      [
        true,
        [
          { passed: 2, failed: 0 },
          { passed: 3, failed: 0 },
        ],
      ],
      5,
      0,
    ],
    ['failing tests, each once', [false, [{ passed: 2, failed: 3 }]], 2, 3],
    ['command that fails although its tests pass', [false, [{ passed: 2, failed: 0 }]], 2, 1],
    ['target that no project has', [true, []], 0, 1],
  ])('%s', (_, [ok, tests], passed, failed) => {
    expect(countStep(ok, tests)).toEqual({ passed, failed })
  })
})

test('the closing line', () => {
  const sum = add({ passed: 1, failed: 2 }, { passed: 3, failed: 4 })
  expect(closingLine(sum)).toBe('4 passed, 6 failed')
})

test('projects are found by their scripts', async () => {
  await using dir = await createTempDir('verify')
  for (const [name, scripts] of [
    ['a', { e2e: 'x' }],
    ['b', {}],
  ] as const) {
    mkdirSync(join(dir.path, 'tools', name), { recursive: true })
    writeFileSync(join(dir.path, 'tools', name, 'package.json'), JSON.stringify({ scripts }))
  }
  expect(projectsWith(dir.path, 'e2e')).toEqual([join(dir.path, 'tools', 'a')])
})

test('no step is named twice', () => {
  const targets = STEPS.map(({ target }) => target)
  expect(new Set(targets).size).toBe(targets.length)
})
