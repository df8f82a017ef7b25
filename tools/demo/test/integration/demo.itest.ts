import { fileURLToPath } from 'node:url'

import { afterAll, expect, test } from 'vitest'

import { labExists, removeLab } from '@proxy/lab'
import { eventually, run, spawnIn } from '@proxy/testkit'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const demo = (...flags: readonly string[]) => run([process.execPath, MAIN, ...flags])

interface Summary {
  readonly ok: boolean
  readonly proofs: readonly { readonly name: string; readonly holds: boolean }[]
}

afterAll(() => removeLab('proxy-demo'))

test('the demo proves every claim and leaves nothing', { timeout: 180_000 }, async () => {
  const { exitCode, stdout, stderr } = await demo('--json')
  expect(exitCode, stderr).toBe(0)
  const summary = JSON.parse(stdout) as Summary
  expect(summary.proofs.map(({ name, holds }) => `${name} ${holds}`)).toEqual([
    ...['answer true', 'wire true', 'excluded true', 'hops true', 'nothing-left true'],
  ])
  expect(await labExists('proxy-demo')).toBe(false)
})

test('a reader that goes away leaves no node behind', { timeout: 180_000 }, async () => {
  const { stdout } = await run(['sh', '-c', '"$0" "$1" | head -n 2', process.execPath, MAIN])
  expect(stdout).toContain('PROVED')
  expect(await labExists('proxy-demo')).toBe(false)
})

test('a kept node stays until it is taken down', { timeout: 180_000 }, async () => {
  const kept = await demo('--keep')
  expect(kept.exitCode, kept.stderr).toBe(0)
  expect(kept.stdout).toContain('npm run demo -- --down')
  expect(await labExists('proxy-demo')).toBe(true)
  // The commands it prints work.
  const commands = kept.stdout
    .split('\n')
    .filter((line) => /^ {2}(nsenter|\/).*(client|status|explain|nft)/.test(line))
  expect(commands).toHaveLength(4)
  for (const command of commands) {
    const { exitCode, stdout, stderr } = await run(['sh', '-c', command])
    expect(exitCode, `${command}: ${stderr}`).toBe(0)
    expect(stdout).not.toBe('')
  }
  expect((await demo('--down')).exitCode).toBe(0)
  expect(await labExists('proxy-demo')).toBe(false)
  expect((await demo('--down')).exitCode).toBe(0)
})

test(
  'an interruption in the middle leaves nothing and is a failure',
  { timeout: 180_000 },
  async () => {
    await using running = await spawnIn([process.execPath, MAIN])
    await eventually(() => expect(running.output().stderr).toContain('pod default/details'), {
      timeoutMs: 120_000,
    })
    const ended = new Promise((resolve) => running.process.once('exit', resolve))
    running.process.kill('SIGINT')
    expect(await ended).toBe(1)
    expect(running.output().stderr).toContain('interrupted by SIGINT')
    expect(await labExists('proxy-demo')).toBe(false)
  },
)
