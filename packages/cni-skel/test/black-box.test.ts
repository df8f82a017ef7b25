import { closeSync, openSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { createTempDir, spawnIn } from '@proxy/testkit'
import { describe, expect, test } from 'vitest'

import { cases, confOf, envOf, reachingVerbs } from './cases.ts'
import { pluginCommand } from './plugin-command.ts'
import { asProcess, inProcess } from './runners.ts'

const runners = [
  ['in process', inProcess],
  ['as a program', asProcess],
] as const

describe.each(runners)('%s', { timeout: 30_000 }, (_, runner) => {
  test.concurrent.for(cases)('$name', async (expected, { expect }) => {
    const output = await runner(expected)
    const stdout: unknown = output.stdout === '' ? undefined : JSON.parse(output.stdout)
    expect({ ...output, stdout, calls: output.calls.map(({ command }) => command) }).toEqual({
      exitCode: expected.exitCode,
      stdout: expected.stdout,
      calls: expected.calls,
      stderr: expected.stderr ?? output.stderr,
    })
  })

  test.for(reachingVerbs)('%s gets exactly what the caller gave', async (command) => {
    const stdin = `\n ${confOf({ big: 1, ünïcode: '😀' })}\n`
    const { calls } = await runner({ env: envOf(command, { CNI_NETNS_OVERRIDE: '1' }), stdin })
    expect(calls).toEqual([
      {
        command,
        containerId: 'some-container',
        netns: '/proc/1/ns/no-such-file',
        ifname: 'eth0',
        args: 'IgnoreUnknown=1;some=args',
        path: '/some/cni/path',
        stdin: Buffer.from(stdin).toString('base64'),
      },
    ])
  })

  test('what it passes through keeps its digits and its order', async () => {
    const prevResult = '{"z":12345678901234567890,"cniVersion":"1.1.0","a":[1e400,-0]}'
    const stdin = `{"cniVersion":"1.1.0","name":"net","prevResult":${prevResult}}`
    const { stdout } = await runner({ env: envOf('ADD'), stdin })
    expect(stdout.replaceAll(/\s/g, '')).toBe(prevResult)
  })

  test('an unexpected error leaves its stack on stderr', async () => {
    const { stderr } = await runner({
      env: envOf('ADD'),
      stdin: confOf(),
      behaviour: { throws: { message: 'oh no' } },
    })
    expect(stderr).toMatch(/^TypeError: oh no\n\s+at /)
  })
})

test('VERSION does not wait for stdin', async () => {
  const [file, ...args] = pluginCommand
  await using plugin = await spawnIn([file, ...args], { env: { CNI_COMMAND: 'VERSION' } })
  const [exitCode] = (await once(plugin.process, 'close')) as [number]
  expect(exitCode).toBe(0)
  expect(JSON.parse(plugin.output().stdout)).toHaveProperty('supportedVersions')
})

test('stdin that cannot be read: code 5', async () => {
  await using dir = await createTempDir('skel')
  const writeOnly = openSync(join(dir.path, 'file'), 'w')
  const [file, ...args] = pluginCommand
  const plugin = spawn(file, args, { env: envOf('ADD'), stdio: [writeOnly, 'pipe', 'ignore'] })
  closeSync(writeOnly)
  let stdout = ''
  plugin.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  const [exitCode] = (await once(plugin, 'close')) as [number]
  expect(exitCode).toBe(1)
  expect(JSON.parse(stdout)).toEqual({
    code: 5,
    msg: expect.stringMatching(/^error reading from stdin: EBADF/) as string,
  })
})
