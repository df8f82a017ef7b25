import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTempDir } from '@proxy/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { agentClient } from '../src/index.ts'
import { fakeAgent } from '../src/testing/index.ts'

let stack: AsyncDisposableStack
let directory: string
let socketPath: string

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  const dir = stack.use(await createTempDir('agent-api'))
  directory = join(dir.path, 'run')
  socketPath = join(directory, 'agent.sock')
})

afterEach(async () => {
  await stack.disposeAsync()
})

const limits = { timeoutMs: 5_000 }

/** Leaves a socket that nobody listens on, as a killed agent does. */
async function leaveStaleSocket(): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`
  await promisify(execFile)(process.execPath, ['-e', script]).catch(() => undefined)
  expect((await stat(socketPath)).isSocket()).toBe(true)
}

test('the socket is 0600 in a directory of 0700, and both are the own', async () => {
  stack.use(await fakeAgent({ socketPath }))
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600)
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
  expect(await readdir(directory)).toEqual(['agent.sock'])
})

test('a directory that is open to others is refused, and left as it is', async () => {
  await mkdir(directory)
  await chmod(directory, 0o755)
  await expect(fakeAgent({ socketPath })).rejects.toThrow(/has mode 755: give the socket/)
  expect((await stat(directory)).mode & 0o777).toBe(0o755)
  expect(await readdir(directory)).toEqual([])
})

test('closing removes the socket', async () => {
  const agent = await fakeAgent({ socketPath })
  await agent.close()
  await agent.close()
  expect(await readdir(directory)).toEqual([])
})

test('a stale socket is replaced', async () => {
  await mkdir(directory, { mode: 0o700 })
  await leaveStaleSocket()
  stack.use(await fakeAgent({ socketPath }))
  await agentClient({ socketPath }).alive(limits)
  expect(await readdir(directory)).toEqual(['agent.sock'])
})

test('a socket that is served is left alone, and goes on serving', async () => {
  const first = stack.use(await fakeAgent({ socketPath }))
  await expect(fakeAgent({ socketPath })).rejects.toMatchObject({ code: 'socket-in-use' })
  await agentClient({ socketPath }).call('version', undefined, limits)
  expect(first.requests).toHaveLength(1)
  expect(await readdir(directory)).toEqual(['agent.sock'])
})

test('a foreign listener that does not speak HTTP is left alone too', async () => {
  await mkdir(directory, { mode: 0o700 })
  const foreign = createServer()
  await new Promise<void>((resolve) => foreign.listen(socketPath, resolve))
  stack.defer(() => new Promise<void>((resolve) => foreign.close(() => resolve())))
  await expect(fakeAgent({ socketPath })).rejects.toMatchObject({ code: 'socket-in-use' })
})

test.for([['fresh'], ['stale']])(
  'of ten agents that start at once on a %s path, one serves',
  async ([path]) => {
    if (path === 'stale') {
      await mkdir(directory, { mode: 0o700 })
      await leaveStaleSocket()
    }
    const starts = await Promise.allSettled(
      Array.from({ length: 10 }, () => fakeAgent({ socketPath })),
    )
    const agents = starts.filter((start) => start.status === 'fulfilled').map(({ value }) => value)
    for (const agent of agents) stack.use(agent)
    await agentClient({ socketPath }).call('version', undefined, limits)
    expect(agents).toHaveLength(1)
    expect(agents[0]!.requests).toHaveLength(1)
    expect(await readdir(directory)).toEqual(['agent.sock'])
  },
)

test('an agent whose socket was taken over does not remove its successor', async () => {
  const first = await fakeAgent({ socketPath })
  const { rm } = await import('node:fs/promises')
  await rm(socketPath)
  const second = stack.use(await fakeAgent({ socketPath }))
  await first.close()
  await agentClient({ socketPath }).call('version', undefined, limits)
  expect(second.requests).toHaveLength(1)
})

test('what is not a socket is not touched', async () => {
  await mkdir(directory, { mode: 0o700 })
  await writeFile(socketPath, 'precious')
  await expect(fakeAgent({ socketPath })).rejects.toMatchObject({ code: 'socket-unusable' })
  expect((await stat(socketPath)).size).toBe(8)
})

test('a symbolic link is not followed', async () => {
  await mkdir(directory, { mode: 0o700 })
  await symlink(join(directory, 'elsewhere'), socketPath)
  await expect(fakeAgent({ socketPath })).rejects.toMatchObject({ code: 'socket-unusable' })
})

test('a path that is too long is refused by name', async () => {
  const long = join(directory, 'x'.repeat(100))
  await expect(fakeAgent({ socketPath: long })).rejects.toThrow(/too long for a Unix socket/)
})
