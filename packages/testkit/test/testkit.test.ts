import { existsSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { createTempDir, eventually, run } from '@proxy/testkit'

describe('run', () => {
  test('returns exit code and output, and feeds standard input', async () => {
    const finished = await run(['sh', '-c', 'cat; echo oops >&2; exit 3'], { stdin: 'hello' })
    expect(finished).toEqual({ exitCode: 3, stdout: 'hello', stderr: 'oops\n' })
  })

  test('rejects when the program does not exist', async () => {
    await expect(run(['/nonexistent/program'])).rejects.toThrow('ENOENT')
  })
})

describe('createTempDir', () => {
  test('is gone after disposal', async () => {
    let path
    {
      await using dir = await createTempDir('self')
      path = dir.path
      expect(existsSync(path)).toBe(true)
    }
    expect(existsSync(path)).toBe(false)
  })
})

describe('eventually', () => {
  test('returns the first success', async () => {
    let tries = 0
    const value = await eventually(() => {
      tries += 1
      if (tries < 3) throw new Error('not yet')
      return 'done'
    })
    expect({ value, tries }).toEqual({ value: 'done', tries: 3 })
  })

  test('throws the last failure when time is up', async () => {
    const never = eventually(
      () => {
        throw new Error('still not')
      },
      { timeoutMs: 50 },
    )
    await expect(never).rejects.toThrow('still not')
  })
})
