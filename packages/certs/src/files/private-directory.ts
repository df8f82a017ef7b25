import { constants } from 'node:fs'
import { mkdir, open, readdir, type FileHandle } from 'node:fs/promises'
import { getegid, geteuid } from 'node:process'
import { CertsError, systemCode } from '../error.ts'

/** Who owns a directory or file. */
export interface Owner {
  /** User id. */
  readonly uid: number
  /** Group id. */
  readonly gid: number
}

/**
 * A directory held open. `path` leads through the open descriptor, so that nobody can replace the
 * directory, or a link on the way to it, between the check and the use.
 */
export interface PrivateDirectory extends AsyncDisposable {
  /** A path that stays this very directory while it is open: `/proc/self/fd/<n>`. */
  readonly path: string
  /** Makes additions, renames and removals in the directory durable. */
  sync(): Promise<void>
}

/** Whom files made by this process belong to. */
export function currentOwner(): Owner {
  return { uid: geteuid?.() ?? 0, gid: getegid?.() ?? 0 }
}

/**
 * Makes the directory if it is absent (its parent must exist), checks that it is no link and that
 * `owner` owns it, sets mode 0700, and holds it open.
 *
 * A directory that this process made and did not come to hand over is taken as its own, if empty.
 *
 * Throws `directory-insecure` or `write-failed`.
 */
export async function makePrivateDirectory(
  directory: string,
  owner: Owner,
): Promise<PrivateDirectory> {
  try {
    await mkdir(directory, { mode: 0o700 })
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw writeFailed(directory, error)
  }
  const opened = await openPrivateDirectory(directory)
  if (opened === undefined) {
    throw new CertsError('write-failed', `open ${directory}: removed meanwhile; try again`, {
      file: directory,
    })
  }
  try {
    await takeOver(directory, opened, owner)
    return opened
  } catch (error) {
    await opened[Symbol.asyncDispose]()
    throw error instanceof CertsError ? error : writeFailed(directory, error)
  }
}

/** An open directory and its descriptor. */
interface OpenDirectory extends PrivateDirectory {
  readonly handle: FileHandle
}

/**
 * Holds a directory open that must not be a link; undefined when there is none.
 *
 * Throws `directory-insecure` or `file-unreadable`.
 */
export async function openPrivateDirectory(directory: string): Promise<OpenDirectory | undefined> {
  try {
    const handle = await open(
      directory,
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    )
    return {
      handle,
      path: `/proc/self/fd/${handle.fd}`,
      sync: () => handle.sync(),
      [Symbol.asyncDispose]: () => handle.close(),
    }
  } catch (error) {
    switch (systemCode(error)) {
      case 'ENOENT':
        return undefined
      case 'ELOOP':
      case 'ENOTDIR':
        throw insecure(directory, 'is a symbolic link or no directory; remove it', error)
      default:
        throw new CertsError(
          'file-unreadable',
          `open ${directory}: ${systemCode(error) ?? 'unknown error'}; check its permissions`,
          { cause: error, file: directory },
        )
    }
  }
}

async function takeOver(directory: string, opened: OpenDirectory, owner: Owner): Promise<void> {
  const { handle, path } = opened
  const stats = await handle.stat()
  if (stats.uid !== owner.uid) {
    const ours = stats.uid === currentOwner().uid && (await readdir(path)).length === 0
    if (!ours) {
      throw insecure(
        directory,
        `belongs to uid ${stats.uid} and not to uid ${owner.uid}; remove it or choose another directory`,
      )
    }
  }
  if ((stats.mode & 0o7777) !== 0o700) await handle.chmod(0o700)
  if (stats.uid !== owner.uid || stats.gid !== owner.gid) await handle.chown(owner.uid, owner.gid)
}

function insecure(directory: string, problem: string, cause?: unknown): CertsError {
  return new CertsError('directory-insecure', `open ${directory}: the path ${problem}`, {
    cause,
    file: directory,
  })
}

function writeFailed(directory: string, error: unknown): CertsError {
  const hint = systemCode(error) === 'ENOENT' ? 'make its parent first' : 'check its permissions'
  return new CertsError(
    'write-failed',
    `make ${directory}: ${systemCode(error) ?? 'unknown error'}; ${hint}`,
    { cause: error, file: directory },
  )
}
