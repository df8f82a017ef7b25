import { link, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getgid, getuid } from 'node:process'
import { createTempDir, run, type TempDir } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLog, tailLog, trimLog } from '../src/log.ts'

let temp: TempDir
beforeEach(async () => void (temp = await createTempDir('log')))
afterEach(() => temp[Symbol.asyncDispose]())
const at = (name: string): string => join(temp.path, name)
const open = async (path: string): Promise<void> => {
  const file = await openLog(path, getuid?.() ?? 0, getgid?.() ?? 0)
  await file.close()
}

describe('tailLog', () => {
  test('the last lines from an offset on', async () => {
    await writeFile(at('log'), 'old\nnew 1\n\nnew 2\n')
    expect(await tailLog(at('log'), 4)).toEqual(['new 1', 'new 2'])
    await writeFile(at('log'), Array.from({ length: 100_000 }, (_, n) => `line ${n}\n`).join(''))
    expect(await tailLog(at('log'))).toHaveLength(10)
    expect((await tailLog(at('log'))).at(-1)).toBe('line 99999')
  })

  test('nothing, a link, a pipe and a folder have no lines and do not block', async () => {
    await writeFile(at('secret'), 'secret\n')
    await symlink(at('secret'), at('link'))
    await mkdir(at('folder'))
    await run(['mkfifo', at('pipe')])
    for (const name of ['none', 'link', 'pipe', 'folder']) {
      expect([name, await tailLog(at(name))]).toEqual([name, []])
    }
  })
})

describe('openLog', () => {
  test('makes it, and appends to what is there', async () => {
    await open(at('log'))
    await writeFile(at('log'), 'kept\n')
    await open(at('log'))
    expect(await tailLog(at('log'))).toEqual(['kept'])
  })

  test('refuses a link, a pipe, a folder and a second name of a file', async () => {
    await writeFile(at('victim'), '')
    await symlink(at('victim'), at('link'))
    await mkdir(at('folder'))
    await run(['mkfifo', at('pipe')])
    await run(['ln', at('victim'), at('second')])
    for (const name of ['link', 'folder', 'pipe', 'second']) {
      await expect(open(at(name)), name).rejects.toMatchObject({ code: 'state-invalid' })
    }
  })
})

describe('trimLog', () => {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, n) => `line ${n}\n`).join('')

  test('keeps whole lines of the end, and who writes goes on at the end', async () => {
    const writer = await openLog(at('log'), getuid?.() ?? 0, getgid?.() ?? 0)
    await writer.writeFile(lines(1000))
    await trimLog(at('log'), 4000)
    await writer.writeFile('after\n')
    await writer.close()
    const left = (await readFile(at('log'), 'utf8')).split('\n')
    expect(left.slice(-3)).toEqual(['line 999', 'after', ''])
    expect(left[0]).toMatch(/^line \d+$/)
    expect((await stat(at('log'))).size).toBeLessThanOrEqual(1006)
    // The offset from before it was made shorter hides nothing.
    expect((await tailLog(at('log'), 8000)).at(-1)).toBe('after')
  })

  test('leaves a short one, and whatever is not a log of its own', async () => {
    await writeFile(at('short'), lines(10))
    await writeFile(at('victim'), lines(1000))
    await symlink(at('victim'), at('link'))
    await link(at('victim'), at('second'))
    await mkdir(at('folder'))
    await run(['mkfifo', at('pipe')])
    for (const name of ['short', 'none', 'link', 'second', 'folder', 'pipe']) {
      await trimLog(at(name), 4000)
    }
    expect(await readFile(at('short'), 'utf8')).toBe(lines(10))
    expect(await readFile(at('victim'), 'utf8')).toBe(lines(1000))
  })
})
