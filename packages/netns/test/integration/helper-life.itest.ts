import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import {
  createNetns,
  createTempDir,
  eventually,
  run,
  type Spawned,
  spawnIn,
  type TestNetns,
} from '@proxy/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { openNetns } from '../../src/identity.ts'
import { linkDump } from '../../src/netlink/link.ts'
import { type NetnsHelper } from '../../src/netns-helper.ts'
import { startNetnsHelper } from '../../src/start-helper.ts'

let netns: TestNetns

beforeAll(async () => {
  netns = await createNetns('life')
})
afterAll(() => netns[Symbol.asyncDispose]())

const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => error)
const matching = (pattern: RegExp): string => expect.stringMatching(pattern) as string
const expectEnded = (pid: number): Promise<void> =>
  eventually(() => {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z'
    expect(stat.slice(stat.lastIndexOf(')') + 2)[0]).toBe('Z')
  })
const settled = async (helper: NetnsHelper, pid: number | undefined): Promise<void> => {
  await eventually(() => expect(helper.pid).not.toBe(pid))
}

describe('a helper that is killed', () => {
  it('fails what it was asked with a code that says to ask again, and is replaced', async () => {
    await using helper = await startNetnsHelper()
    const { pid } = helper
    const command = outcome(helper.commandRunner(netns.path).run(['sleep', '5']))
    await helper.links(netns.path)
    process.kill(pid!, 'SIGKILL')
    const others = Array.from({ length: 50 }, () => outcome(helper.links(netns.path)))
    // Some may already have been asked of the next one.
    const failed = (await Promise.all(others)).filter((one) => !Array.isArray(one))
    expect(failed).toMatchObject(failed.map(() => ({ code: 'helper-died', retryable: true })))
    expect(await command).toMatchObject({ code: 'helper-died' })
    expect((await helper.links(netns.path)).map(({ name }) => name)).toEqual(['lo'])
    expect(helper.pid).not.toBe(pid)
  })

  it('again and again leaves neither processes nor descriptors', async () => {
    await using helper = await startNetnsHelper()
    const countFds = (): number => readdirSync(`/proc/${process.pid}/fd`).length
    const pids: number[] = []
    const counts: number[] = []
    for (let round = 0; round < 6; round++) {
      await helper.links(netns.path)
      counts.push(countFds())
      pids.push(helper.pid!)
      process.kill(helper.pid!, 'SIGKILL')
      await settled(helper, pids.at(-1))
    }
    expect(new Set(pids).size).toBe(6)
    for (const pid of pids) await expectEnded(pid)
    expect(Math.max(...counts.slice(1))).toBeLessThanOrEqual(counts[0]!)
  })

  it('by a hang is replaced when a call has waited long enough', async () => {
    await using helper = await startNetnsHelper({ requestTimeoutMs: 500 })
    const { pid } = helper
    process.kill(pid!, 'SIGSTOP')
    await expect(helper.links(netns.path)).rejects.toMatchObject({
      code: 'timeout',
      retryable: true,
    })
    await expectEnded(pid!)
    await settled(helper, pid)
    expect(await helper.links(netns.path)).toHaveLength(1)
  })
})

describe('a helper that is closed', () => {
  it('ends, and takes no more calls', async () => {
    const helper = await startNetnsHelper()
    const pid = helper.pid!
    const command = outcome(helper.commandRunner(netns.path).run(['sleep', '600']))
    await helper.links(netns.path)
    await Promise.all([helper.close(), helper.close()])
    expect(await command).toMatchObject({ code: 'helper-closed', retryable: false })
    expect(existsSync(`/proc/${pid}`)).toBe(false)
    await expect(helper.links(netns.path)).rejects.toMatchObject({ code: 'helper-closed' })
    await expect(helper.stats()).rejects.toMatchObject({ code: 'helper-closed' })
  })
})

describe('a program with a helper', () => {
  const parent = fileURLToPath(new URL('../fixtures/parent.ts', import.meta.url))
  const start = async (mode: string): Promise<{ program: Spawned; helper: number }> => {
    const program = await spawnIn([process.execPath, parent, netns.path, mode])
    const helper = await eventually(() => {
      expect(program.output()).toMatchObject({ stdout: matching(/^\d+\n$/) })
      return Number(program.output().stdout)
    })
    return { program, helper }
  }

  it.for(['busy', 'wait'])('takes it along when it is killed (%s)', async (mode) => {
    const { program, helper } = await start(mode)
    await program[Symbol.asyncDispose]()
    await expectEnded(helper)
  })

  it('ends when it has nothing to do, though it never closed it', async () => {
    const { program, helper } = await start('nothing')
    await eventually(() => expect(program.process.exitCode).toBe(0))
    await expectEnded(helper)
  })

  it('has a helper that the signals for a process group do not end', async () => {
    await using helper = await startNetnsHelper()
    const { pid } = helper
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid!, signal)
    expect((await helper.stats()).pid).toBe(pid)
  })
})

describe('a helper that cannot start', () => {
  it.for([
    ['is not there', '/nonexistent/helper.js', /Cannot find module/],
    [
      'is another program',
      fileURLToPath(new URL('../../package.json', import.meta.url)),
      /start the namespace helper/,
    ],
  ] as const)('because it %s tells why', async ([, helperPath, message]) => {
    const start = startNetnsHelper({ helperPath })
    await expect(start).rejects.toMatchObject({
      code: 'helper-start-failed',
      message: matching(message),
    })
  })

  it('because it says something else, or nothing, is killed', async () => {
    await using folder = await createTempDir('netns-helper')
    const helperPath = join(folder.path, 'helper.mjs')
    for (const [script, message] of [
      ['require("fs").writeSync(3, "HTTP/1.1 400 Bad Request")', /SIGKILL/],
      ['', /SIGKILL/],
    ] as const) {
      const file = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); ${script}; setInterval(() => 0, 1000)`
      writeFileSync(helperPath, file)
      const start = startNetnsHelper({ helperPath, startTimeoutMs: 1000 })
      await expect(start).rejects.toMatchObject({
        code: 'helper-start-failed',
        message: matching(message),
      })
    }
  })

  it('because there is no Node.js there tells so', async () => {
    const start = startNetnsHelper({ nodePath: '/nonexistent/node' })
    await expect(start).rejects.toMatchObject({
      code: 'helper-start-failed',
      message: matching(/ENOENT/),
    })
  })
})

describe('a namespace that is gone', () => {
  it('is an error of its own, whatever is asked', async () => {
    await using helper = await startNetnsHelper()
    const other = await createNetns('life')
    const connection = helper.netlink(other.path, 'route')
    const runner = helper.commandRunner(other.path)
    await other[Symbol.asyncDispose]()
    const asked = [
      () => connection.exchange(linkDump()),
      () => runner.run(['true']),
      () => helper.links(other.path),
      () => helper.sysctl.get(other.path, 'net.ipv4.ip_forward'),
      () => helper.listeners(other.path),
    ]
    for (const ask of asked) {
      await expect(ask()).rejects.toMatchObject({ code: 'netns-gone', retryable: false })
    }
    expect(() => helper.netlink(other.path, 'route')).toThrow(
      expect.objectContaining({ code: 'netns-gone' }),
    )
  })

  it('is not mistaken for the one that has its name now', async () => {
    await using helper = await startNetnsHelper()
    const other = await createNetns('life')
    const held = openNetns(other.path) // keeps its number from being given to the next one
    const runner = helper.commandRunner(other.path)
    await run(['ip', 'netns', 'delete', other.name])
    await run(['ip', 'netns', 'add', other.name])
    await expect(runner.run(['true'])).rejects.toMatchObject({ code: 'netns-gone' })
    held.close()
    await other[Symbol.asyncDispose]()
  })

  it('is gone for good: nothing of ours keeps it alive', async () => {
    await using helper = await startNetnsHelper()
    const other = await createNetns('life')
    const connection = helper.netlink(other.path, 'netfilter')
    await helper.links(other.path)
    await helper.commandRunner(other.path).run(['true'])
    // The far end of a veth pair disappears when the namespace of the near end is really gone.
    await netns.must(
      'ip',
      'link',
      'add',
      'gone0',
      'type',
      'veth',
      'peer',
      'name',
      'gone1',
      'netns',
      other.name,
    )
    await other[Symbol.asyncDispose]()
    await eventually(async () => {
      expect((await helper.links(netns.path)).map(({ name }) => name)).not.toContain('gone0')
    })
    connection.close()
  })
})
