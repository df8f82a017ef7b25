import { expect, it } from 'vitest'

import { Lane } from '../../src/helper/lane.ts'

it('does so many at once, in order, and forgets what is dropped', async () => {
  const begun: number[] = []
  const finish = new Map<number, () => void>()
  const lane = new Lane<{ id: number }>(2, ({ id }) => {
    begun.push(id)
    return new Promise((resolve) => finish.set(id, resolve))
  })
  for (const id of [1, 2, 3, 4, 5]) lane.add({ id })
  expect(begun).toEqual([1, 2])
  lane.drop(3)
  finish.get(2)?.()
  await expect.poll(() => begun).toEqual([1, 2, 4])
  finish.get(1)?.()
  finish.get(4)?.()
  await expect.poll(() => begun).toEqual([1, 2, 4, 5])
})
