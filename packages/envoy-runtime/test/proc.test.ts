import { spawn } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { pid } from 'node:process'
import { createTempDir, eventually, spawnIn } from '@proxy/testkit'
import { describe, expect, test } from 'vitest'
import { isAlive, isDead, lockHolder, processStat, processStats } from '../src/proc.ts'

describe('processStat', () => {
  test('this process', async () => {
    const found = await processStat(pid)
    expect(found?.startTicks).toBeGreaterThan(0)
    expect(await isAlive(pid, found!.startTicks)).toBe(true)
    expect(await isAlive(pid, found!.startTicks + 1)).toBe(false)
  })

  test('no process', async () => {
    expect(await processStat(2 ** 22 + 1)).toBeUndefined()
    expect(await processStats(2 ** 22 + 1)).toBeUndefined()
  })

  test('a name with parentheses and spaces', async () => {
    await using temp = await createTempDir('proc')
    const odd = `${temp.path}/a) Z (b`
    await copyFile('/bin/sleep', odd)
    await using child = await spawnIn([odd, '60'])
    await eventually(async () => expect((await processStat(child.pid))?.state).toBe('S'))
  })

  test('a zombie is dead', async () => {
    // The shell becomes a sleep that never asks how its child ended.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'])
    try {
      const zombie = await new Promise<number>((resolve) =>
        parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
      )
      await eventually(async () => {
        const found = await processStat(zombie)
        expect(found?.state).toBe('Z')
        expect(isDead(found!)).toBe(true)
      })
    } finally {
      parent.kill('SIGKILL')
    }
  })

  test('a zombie with threads that still end is not', () => {
    const ending = { state: 'Z', startTicks: 1, cpuTicks: 0, threads: 2 }
    expect(isDead(ending)).toBe(false)
    expect(isDead({ ...ending, threads: 1 })).toBe(true)
  })
})

describe('lockHolder', () => {
  test('the process that has the lock, until it ends', async () => {
    await using temp = await createTempDir('lock')
    const path = `${temp.path}/x.lock`
    expect(await lockHolder(path)).toBeUndefined()
    {
      await using holder = await spawnIn(['flock', '--no-fork', path, 'sleep', '60'])
      await eventually(async () => expect(await lockHolder(path)).toBe(holder.pid))
    }
    expect(await lockHolder(path)).toBeUndefined()
  })
})
