import { constants, type FileHandle, open } from 'node:fs/promises'
import { EnvoyRuntimeError, type EnvoyRuntimeErrorCode, systemCode } from './error.ts'

/** How much of a log is looked at, from its end. */
const TAIL_BYTES = 16 * 1024
const TAIL_LINES = 10

/**
 * Opens a log for appending. The folder belongs to the sidecar, which is not trusted: no link is
 * followed, and only a plain file with one name is taken.
 */
export async function openLog(path: string, uid: number, gid: number): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK
  let file: FileHandle
  try {
    file = await open(path, flags, 0o600)
  } catch (error) {
    throw new EnvoyRuntimeError('state-invalid', `open ${path}: remove it if it is not a file`, {
      cause: error,
    })
  }
  const found = await file.stat()
  if (!found.isFile() || found.nlink !== 1) {
    await file.close()
    throw new EnvoyRuntimeError('state-invalid', `${path} is not a plain file: remove it`)
  }
  await file.chown(uid, gid)
  return file
}

/** The last lines of a log from an offset on, oldest first; none when there is no log. */
export async function tailLog(path: string, offset = 0): Promise<readonly string[]> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  let file: FileHandle
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return []
    throw error
  }
  try {
    const found = await file.stat()
    if (!found.isFile()) return []
    // Of a log that was made shorter since, the offset says nothing.
    const from = offset > found.size ? 0 : offset
    const start = Math.max(from, found.size - TAIL_BYTES)
    const length = Math.max(0, found.size - start)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
    const text = buffer.subarray(0, bytesRead).toString('utf8')
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .slice(-TAIL_LINES)
  } finally {
    await file.close()
  }
}

/**
 * Makes a log of more than `maxBytes` short again: its last quarter stays. Whoever writes it goes on,
 * because it was opened for appending; what is written in this very moment may be lost.
 */
export async function trimLog(path: string, maxBytes: number): Promise<void> {
  const { O_RDWR, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants
  let file: FileHandle
  try {
    file = await open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    // Nothing to make shorter: there is none, or the sidecar has put something else there.
    if (['ENOENT', 'ELOOP', 'ENXIO', 'EISDIR'].includes(systemCode(error) ?? '')) return
    throw error
  }
  try {
    const found = await file.stat()
    if (!found.isFile() || found.nlink !== 1 || found.size <= maxBytes) return
    const kept = Buffer.alloc(Math.floor(maxBytes / 4))
    const { bytesRead } = await file.read(kept, 0, kept.length, found.size - kept.length)
    const tail = kept.subarray(0, bytesRead)
    await file.truncate(0)
    await file.writeFile(tail.subarray(tail.indexOf('\n') + 1))
  } finally {
    await file.close()
  }
}

/** What a log says about why Envoy ended or refused a listener. */
export function reasonIn(lines: readonly string[]): EnvoyRuntimeErrorCode | undefined {
  const text = lines.join('\n')
  for (const [pattern, code] of reasons) if (pattern.test(text)) return code
  return undefined
}

const reasons: readonly (readonly [RegExp, EnvoyRuntimeErrorCode])[] = [
  [/address already in use/i, 'port-in-use'],
  [/failed to execute|no such file or directory.*(nsenter|unshare|setpriv)/i, 'binary-missing'],
  [/^(nsenter|unshare|setpriv|flock|proxy-launch|\/bin\/sh)\b.*:/m, 'launch-failed'],
  [
    /initializing config|proto constraint|unable to parse|error adding listener|INVALID_ARGUMENT/i,
    'config-invalid',
  ],
]
