import { tmpdir } from 'node:os'

import { expect, test } from 'vitest'

import { execute, lastWords } from '../src/execute.ts'

const options = { cwd: tmpdir(), env: { PATH: process.env['PATH'] ?? '' }, timeoutMs: 20_000 }

test('returns what the command said and its code', async () => {
  const result = await execute(['sh', '-c', 'echo out; echo err >&2; exit 3'], options)
  expect(result).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' })
})

test('gives the environment named and nothing else', async () => {
  const { stdout } = await execute(['env'], { ...options, env: { ...options.env, A: '1' } })
  expect(stdout.trim().split('\n').sort()).toEqual(['A=1', `PATH=${options.env.PATH}`])
})

test('a command that hangs is killed with what it started', async () => {
  const result = await execute(['sh', '-c', 'sleep 300 & wait'], {
    ...options,
    timeoutMs: 300,
  })
  expect(result.code).toBeUndefined()
})

test('what a command leaves running does not keep us waiting', async () => {
  const result = await execute(['sh', '-c', 'sleep 300 & echo on'], options)
  expect(result).toEqual({ code: 0, stdout: 'on\n', stderr: '' })
})

test('a command that does not exist rejects', async () => {
  await expect(execute(['/nonexistent/command'], options)).rejects.toThrow('ENOENT')
})

test('last words are the last lines that say something', () => {
  const execution = { code: 1, stdout: 'a\n\nb\n', stderr: 'c\n    at f (x.js:1:2)\n' }
  expect(lastWords(execution, 2)).toBe('    b\n    c')
})
