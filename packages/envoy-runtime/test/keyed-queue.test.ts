import { describe, expect, test } from 'vitest'
import { keyedQueue } from '../src/keyed-queue.ts'

describe('keyedQueue', () => {
  test('one key: in order, also after a failure; another key does not wait', async () => {
    const queue = keyedQueue()
    const seen: string[] = []
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const first = queue.run('a', async () => {
      await gate
      seen.push('a1')
      throw new Error('a1 failed')
    })
    const second = queue.run('a', () => Promise.resolve(seen.push('a2')))
    await queue.run('b', () => Promise.resolve(seen.push('b')))
    expect(seen).toEqual(['b'])
    open()
    await expect(first).rejects.toThrow('a1 failed')
    await second
    expect(seen).toEqual(['b', 'a1', 'a2'])
  })
})
