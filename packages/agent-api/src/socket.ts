import { randomBytes } from 'node:crypto'
import { chmod, link, lstat, mkdir, rename, rm, stat } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { AgentApiError } from './error.ts'

/** `sockaddr_un.sun_path` without its terminating zero. */
const MAX_SOCKET_PATH = 107

/** A server that listens on a Unix socket of its own. */
export interface ClaimedSocket {
  /** Removes the socket, unless it is another's by now. */
  release(): Promise<void>
}

/**
 * Makes a server listen on a path that nobody else serves. The socket is made and closed to other
 * users beside the path and only then linked to it, so it is never visible with a wider mode, and
 * of two agents that start at once exactly one gets the path. A stale socket is replaced.
 * @throws AgentApiError `socket-in-use` when another process listens there, `socket-unusable` when
 * the path is too long or taken by something else, or when the directory is not only ours.
 */
export async function claimSocket(server: Server, path: string): Promise<ClaimedSocket> {
  const temporary = `${path}.${randomBytes(3).toString('hex')}`
  if (Buffer.byteLength(temporary) > MAX_SOCKET_PATH) {
    throw unusable(`${path} is too long for a Unix socket: use at most 100 bytes`)
  }
  await prepareDirectory(dirname(path))
  await listen(server, temporary)
  try {
    await chmod(temporary, 0o600)
    const { dev, ino } = await stat(temporary)
    await linkInPlace(temporary, path)
    return {
      async release() {
        const current = await statOrNothing(path)
        if (current?.dev === dev && current.ino === ino) await rm(path, { force: true })
      },
    }
  } catch (error) {
    await new Promise((resolve) => server.close(resolve))
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

async function prepareDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { mode, uid } = await stat(directory)
  if (uid !== process.getuid?.()) {
    throw unusable(`${directory} belongs to user ${uid}: it must belong to the agent's user`)
  }
  // Only the last part is closed: parents such as /run are everybody's.
  if ((mode & 0o077) !== 0) await chmod(directory, 0o700)
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

async function linkInPlace(temporary: string, path: string): Promise<void> {
  for (let attempts = 0; attempts < 10; attempts += 1) {
    try {
      await link(temporary, path)
      return
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    }
    await removeStale(path)
  }
  throw unusable(`${path} keeps coming back: is something else creating it?`)
}

/** Removes a socket that nobody listens on. */
async function removeStale(path: string): Promise<void> {
  const found = await statOrNothing(path)
  if (found === undefined) return
  if (!found.isSocket()) throw unusable(`${path} exists and is not a socket`)
  if (await isServed(path)) {
    throw new AgentApiError(
      'socket-in-use',
      `${path} is served by another process: is an agent running already?`,
    )
  }
  // Between the look and the removal another agent may have put its own socket there: move it
  // aside, and put it back when it is not the one that was looked at.
  const aside = `${path}.${randomBytes(3).toString('hex')}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  const moved = await stat(aside)
  if (moved.dev !== found.dev || moved.ino !== found.ino) await linkBack(aside, path)
  await rm(aside, { force: true })
}

async function linkBack(aside: string, path: string): Promise<void> {
  try {
    await link(aside, path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
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

function unusable(message: string): AgentApiError {
  return new AgentApiError('socket-unusable', message)
}
