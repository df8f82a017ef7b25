import { randomBytes } from 'node:crypto'
import { chmod, link, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AgentApiError } from './error.ts'

/** `sockaddr_un.sun_path` without its terminating zero. */
const MAX_SOCKET_PATH = 107

/** A server that listens on a Unix socket of its own. */
export interface ClaimedSocket {
  /** Removes the socket, unless it is another's by now. */
  release(): Promise<void>
}

/** How long the winner of a race may take, in milliseconds, before a loser gives up. */
const RACE_TIMEOUT = 5_000

/**
 * Makes a server listen on a path that nobody else serves. It first listens beside the path, closed
 * to other users, and takes part in the election of {@link becomeOnlyContender}; the winner alone
 * replaces a stale socket and links its own to the path.
 * @throws AgentApiError `socket-in-use` when another process listens there, `socket-unusable` when
 * the path is too long or taken by something else, or when the directory is another user's.
 */
export async function claimSocket(server: Server, path: string): Promise<ClaimedSocket> {
  const contender = `${path}.${randomBytes(4).toString('hex')}`
  if (Buffer.byteLength(contender) > MAX_SOCKET_PATH) {
    throw unusable(`${path} is too long for a Unix socket: use at most 98 bytes`)
  }
  await prepareDirectory(dirname(path))
  await listen(server, contender)
  try {
    await chmod(contender, 0o600)
    const { dev, ino } = await stat(contender)
    await becomeOnlyContender(contender, path)
    await removeStale(path)
    await link(contender, path)
    return {
      async release() {
        const current = await statOrNothing(path)
        if (current?.dev === dev && current.ino === ino) await rm(path, { force: true })
      },
    }
  } catch (error) {
    await new Promise((resolve) => server.close(resolve))
    // Seen between its bind and its listen, a contender looks dead to a rival and is removed.
    throw hasCode(error, 'ENOENT') || hasCode(error, 'EEXIST') ? inUse(path) : error
  } finally {
    await rm(contender, { force: true })
  }
}

/**
 * Returns when no other agent is starting on the same path. Each contender first listens and then
 * looks, so of any two at least one sees the other. The name decides: whoever sees a smaller one
 * gives up, the others wait for it to disappear. A contender that has linked itself to the path
 * disappears only afterwards, so the next one finds the path served.
 */
async function becomeOnlyContender(contender: string, path: string): Promise<void> {
  const start = performance.now()
  for (;;) {
    const rivals = await liveRivals(contender, path)
    if (rivals.length === 0) return
    if (rivals.some((rival) => rival < contender) || performance.now() - start > RACE_TIMEOUT) {
      throw inUse(path)
    }
    await sleep(5)
  }
}

/** Other contenders that listen; dead ones are removed: their names are never used again. */
async function liveRivals(contender: string, path: string): Promise<string[]> {
  const live: string[] = []
  for (const name of await readdir(dirname(path))) {
    const rival = join(dirname(path), name)
    if (rival === contender || !isContender(name, basename(path))) continue
    if (await isServed(rival)) live.push(rival)
    else await rm(rival, { force: true })
  }
  return live
}

function isContender(name: string, base: string): boolean {
  return name.startsWith(`${base}.`) && /^[0-9a-f]{8}$/.test(name.slice(base.length + 1))
}

/**
 * Makes the socket's directory, or checks the one that is there. It is not closed here: the path may
 * have been set to a directory such as `/run`, which others need.
 */
async function prepareDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { mode, uid } = await stat(directory)
  if (uid !== process.getuid?.()) {
    throw unusable(`${directory} belongs to user ${uid}: it must belong to the agent's user`)
  }
  if ((mode & 0o077) === 0) return
  const octal = (mode & 0o777).toString(8)
  throw unusable(`${directory} has mode ${octal}: give the socket a directory of its own, mode 700`)
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void =>
      reject(new AgentApiError('socket-unusable', `listen on ${path}: ${cause.message}`, { cause }))
    server.once('error', onError)
    server.listen(path, () => {
      server.off('error', onError)
      resolve()
    })
  })
}

/** Removes a socket that nobody listens on. */
async function removeStale(path: string): Promise<void> {
  const found = await statOrNothing(path)
  if (found === undefined) return
  if (!found.isSocket()) throw unusable(`${path} exists and is not a socket`)
  if (await isServed(path)) throw inUse(path)
  await rm(path, { force: true })
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (served: boolean): void => {
      socket.destroy()
      resolve(served)
    }
    socket.once('connect', () => settle(true))
    // A full backlog (EAGAIN) is a live listener; only these two say that nobody is there.
    socket.once('error', (error) => {
      settle(!hasCode(error, 'ECONNREFUSED') && !hasCode(error, 'ENOENT'))
    })
  })
}

async function statOrNothing(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function inUse(path: string): AgentApiError {
  return new AgentApiError(
    'socket-in-use',
    `${path} is served by another process: is an agent running already?`,
  )
}

function unusable(message: string): AgentApiError {
  return new AgentApiError('socket-unusable', message)
}
