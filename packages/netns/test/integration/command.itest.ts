import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import {
  createNetns,
  createTempDir,
  eventually,
  type TempDir,
  type TestNetns,
} from '@proxy/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { netnsIdentity } from '../../src/identity.ts'
import { type NetnsHelper } from '../../src/netns-helper.ts'
import { startNetnsHelper } from '../../src/start-helper.ts'

let helper: NetnsHelper
let netns: TestNetns
let folder: TempDir

beforeAll(async () => {
  helper = await startNetnsHelper()
})
afterAll(() => helper.close())
beforeEach(async () => {
  netns = await createNetns('command')
  folder = await createTempDir('netns-command')
})
afterEach(async () => {
  await netns[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

/** A command that leaves its pid and that of its child in a file, and stays. */
const stay = (file: string): [string, ...string[]] => [
  'sh',
  '-c',
  `sleep 600 & echo $$ $! > ${file}.new && mv ${file}.new ${file}; wait`,
]
const pidsIn = (file: string): Promise<readonly number[]> =>
  eventually(() => readFileSync(file, 'utf8').trim().split(' ').map(Number))
const gone = (pid: number): Promise<void> =>
  eventually(() => {
    const state = existsSync(`/proc/${pid}/stat`)
      ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2]
      : 'Z'
    expect(state).toBe('Z')
  })

describe('a command', () => {
  it('runs in the namespace, with its input, and both outputs apart', async () => {
    const script = 'readlink /proc/self/ns/net; pwd; cat; echo bad >&2; exit 3'
    const result = await helper.commandRunner(netns.path).run(['sh', '-c', script], 'input ü\n')
    expect(result).toEqual({
      exitCode: 3,
      stdout: `net:[${netnsIdentity(netns.path).ino}]\n/\ninput ü\n`,
      stderr: 'bad\n',
    })
  })

  it('has a closed environment', async () => {
    process.env['PXT_SECRET'] = 'secret'
    const runner = helper.commandRunner(netns.path, { env: { XTABLES_LOCKFILE: '/x' } })
    const { stdout } = await runner.run(['env'])
    expect(
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('=')[0])
        .sort(),
    ).toEqual(['LC_ALL', 'PATH', 'XTABLES_LOCKFILE'])
  })

  it('gets no socket of the helper', async () => {
    const { stdout } = await helper.commandRunner(netns.path).run(['ls', '-l', '/proc/self/fd'])
    const sockets = [...stdout.matchAll(/ (\d+) -> (?:socket:|.*netns|net:)/g)]
    expect(sockets.map(([, fd]) => fd)).toEqual(['0', '1', '2'])
  })

  it('gets its arguments as they are, and no shell', async () => {
    const { stdout } = await helper
      .commandRunner(netns.path)
      .run(['printf', '%s|', '$(id)', '', "a'b", '-n'])
    expect(stdout).toBe("$(id)||a'b|-n|")
  })

  it('that a signal ended has a code like in a shell', async () => {
    const result = await helper.commandRunner(netns.path).run(['sh', '-c', 'kill -TERM $$'])
    expect(result.exitCode).toBe(143)
  })

  it('may ignore a large input and print a large output', async () => {
    const runner = helper.commandRunner(netns.path)
    const input = 'x'.repeat(8 * 1024 * 1024)
    expect((await runner.run(['true'], input)).exitCode).toBe(0)
    expect((await runner.run(['cat'], input)).stdout).toHaveLength(input.length)
  })

  it('that prints without end is killed', async () => {
    await expect(helper.commandRunner(netns.path).run(['yes'])).rejects.toMatchObject({
      code: 'command-output-limit',
    })
  })

  it('that takes too long is killed with its children', async () => {
    const file = join(folder.path, 'pids')
    const runner = helper.commandRunner(netns.path, { timeoutMs: 1000 })
    await expect(runner.run(stay(file))).rejects.toMatchObject({ code: 'command-timeout' })
    for (const pid of await pidsIn(file)) await gone(pid)
  })

  it('that is given up is killed with its children', async () => {
    const file = join(folder.path, 'pids')
    const controller = new AbortController()
    const { signal } = controller
    const running = helper.commandRunner(netns.path).run(stay(file), '', { signal })
    const pids = await pidsIn(file)
    controller.abort(new Error('why'))
    await expect(running).rejects.toMatchObject({ code: 'aborted', cause: { message: 'why' } })
    for (const pid of pids) await gone(pid)
    await expect(
      helper.commandRunner(netns.path).run(['true'], '', { signal }),
    ).rejects.toMatchObject({ code: 'aborted' })
  })

  it('is done when its own process is, though a child holds its output open', async () => {
    const script = 'sleep 600 & echo $!'
    const result = await helper.commandRunner(netns.path).run(['sh', '-c', script])
    expect(result).toMatchObject({ exitCode: 0, stderr: '' })
    process.kill(Number(result.stdout), 'SIGKILL')
  })

  it('that is no program or no command is an error', async () => {
    const runner = helper.commandRunner(netns.path)
    await expect(runner.run(['pxt-no-such-program'])).rejects.toMatchObject({
      code: 'command-failed',
      errno: 'ENOENT',
    })
    await expect(runner.run(['/etc/passwd'])).rejects.toMatchObject({
      code: 'command-failed',
      errno: 'EACCES',
    })
    await expect(runner.run([''])).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(runner.run(['echo', 'a\0b'])).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('does not hold up the rest, however many there are', async () => {
    const controller = new AbortController()
    const runner = helper.commandRunner(netns.path)
    const many = Array.from({ length: 100 }, () =>
      runner
        .run(['sleep', '600'], '', { signal: controller.signal })
        .catch((error: unknown) => error),
    )
    expect((await helper.links(netns.path)).length).toBe(1)
    controller.abort()
    expect(await Promise.all(many)).toMatchObject(many.map(() => ({ code: 'aborted' })))
  })

  it('ends with the helper', async () => {
    const file = join(folder.path, 'pids')
    const other = await startNetnsHelper()
    const running = other
      .commandRunner(netns.path)
      .run(stay(file))
      .catch((error: unknown) => error)
    const pids = await pidsIn(file)
    await other.close()
    expect(await running).toMatchObject({ code: 'helper-closed' })
    for (const pid of pids) await gone(pid)
  })
})
