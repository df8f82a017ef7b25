import { setImmediate as turn } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { createPodLocks } from '../src/pod/pod-locks.ts'

/** Work that notes its begin and end in `log`, and takes some turns. */
const noting = (log: string[], name: string) => async (): Promise<string> => {
  log.push(`${name} begins`)
  for (let turns = 0; turns < 3; turns += 1) await turn()
  log.push(`${name} ends`)
  return name
}

test('work for one pod is done in order, one at a time', async () => {
  const [locks, log] = [createPodLocks(), [] as string[]]
  await Promise.all(['a', 'b', 'c'].map((name) => locks.withPod('pod', noting(log, name))))
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('different pods do not wait for each other', async () => {
  const [locks, log] = [createPodLocks(), [] as string[]]
  await Promise.all(['a', 'b'].map((name) => locks.withPod(name, noting(log, name))))
  expect(log.slice(0, 2)).toEqual(['a begins', 'b begins'])
})

test('exclusive work waits for what is under way, and what comes later waits for it', async () => {
  const [locks, log] = [createPodLocks(), [] as string[]]
  await Promise.all([
    locks.withPod('a', noting(log, 'a')),
    locks.withPod('b', noting(log, 'b')),
    locks.exclusively(noting(log, 'gc')),
    locks.withPod('a', noting(log, 'later')),
    locks.exclusively(noting(log, 'gc2')),
  ])
  expect(log.slice(4)).toEqual([
    ...['gc begins', 'gc ends'],
    ...['later begins', 'later ends', 'gc2 begins', 'gc2 ends'],
  ])
})

test('failed work releases the pod and is reported to its caller only', async () => {
  const locks = createPodLocks()
  const failed = locks.withPod('pod', () => Promise.reject(new Error('no')))
  const next = locks.withPod('pod', () => Promise.resolve('yes'))
  await expect(failed).rejects.toThrow('no')
  await expect(next).resolves.toBe('yes')
  await expect(locks.exclusively(() => Promise.resolve('all'))).resolves.toBe('all')
})
