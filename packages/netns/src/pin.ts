import { closeSync, constants, lstatSync, openSync, readdirSync, unlinkSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'

import { errnoOf, NetnsError } from './error.ts'
import {
  isNamespaceFile,
  netnsIdentity,
  type NetnsIdentity,
  type NetnsSource,
  openNetns,
  sameNetns,
} from './identity.ts'
import { MNT_DETACH, mount, MS_BIND, UMOUNT_NOFOLLOW, unmount } from './libc.ts'
import { preparePinDirectory } from './pin-directory.ts'

/** A namespace kept alive by a bind mount of its file. */
export interface PinnedNetns {
  /** The last part of the path. */
  readonly name: string
  readonly path: string
  readonly identity: NetnsIdentity
}

/** What {@link listNetns} finds. */
export interface NetnsEntry {
  /** The last part of the path. */
  readonly name: string
  readonly path: string
  /**
   * Undefined when the file is there and no namespace is mounted on it: a pin that was being made
   * or removed when its process ended. {@link unpinNetns} removes it.
   */
  readonly identity: NetnsIdentity | undefined
}

const PIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/

/**
 * Keeps a namespace alive at `pinPath` by a bind mount, as `ip netns` does, until it is unpinned.
 * The folder is made fit for pins ({@link preparePinDirectory}). May be called again with the same
 * namespace; another namespace or a foreign file at `pinPath` is a `pin-conflict`. Also throws what
 * {@link openNetns} throws, and `pin-failed`. Every step is one system call after the other without
 * giving way, so two calls in a process cannot get into each other's way.
 */
export function pinNetns(source: NetnsSource, pinPath: string): Promise<PinnedNetns> {
  return new Promise((resolve) => resolve(pin(source, checkedPath(pinPath))))
}

/**
 * Removes a pin and its file; the namespace ends when nothing else holds it. Done when there is no
 * such file. Never removes anything else: a file that is neither a pin nor empty is a
 * `pin-conflict`. Also throws `invalid-argument`, `permission` and `pin-failed`.
 */
export function unpinNetns(pinPath: string): Promise<void> {
  return new Promise((resolve) => {
    unpin(checkedPath(pinPath))
    resolve()
  })
}

/**
 * The pins of a folder, sorted by name; none when there is no such folder. Entries that cannot be
 * pins (folders, links, files with content) are left out.
 */
export function listNetns(directory: string): Promise<readonly NetnsEntry[]> {
  return new Promise((resolve) => resolve(list(directory)))
}

function pin(source: NetnsSource, path: string): PinnedNetns {
  const opened = openNetns(source)
  try {
    preparePinDirectory(dirname(path))
    const there = identityAt(path)
    if (there !== undefined && !sameNetns(there, opened.identity)) {
      throw new NetnsError('pin-conflict', `pin ${path}: another namespace is pinned there`)
    }
    if (there === undefined) mountAt(opened.path, path)
    return { name: basename(path), path, identity: opened.identity }
  } finally {
    opened.close()
  }
}

function mountAt(namespace: string, path: string): void {
  const made = createEmpty(path)
  const errno = mount(namespace, path, MS_BIND)
  if (errno === undefined) return
  if (made) unlinkSync(path)
  throw refused('pin', path, errno)
}

/** Makes the file a namespace is mounted on. False when an empty one was there already. */
function createEmpty(path: string): boolean {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY } = constants
  try {
    closeSync(openSync(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o400))
    return true
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'EEXIST') throw refused('pin', path, String(errno), error)
  }
  if (isEmptyFile(path)) return false
  throw new NetnsError('pin-conflict', `pin ${path}: something else has that name`)
}

function unpin(path: string): void {
  // More than one mount can lie on a file when two processes pinned at the same time.
  while (identityAt(path) !== undefined) {
    const errno = unmount(path, MNT_DETACH | UMOUNT_NOFOLLOW)
    if (errno !== undefined) throw refused('unpin', path, errno)
  }
  try {
    if (!isEmptyFile(path)) {
      throw new NetnsError('pin-conflict', `unpin ${path}: it is not a pin, remove it by hand`)
    }
    unlinkSync(path)
  } catch (error) {
    if (error instanceof NetnsError) throw error
    const errno = errnoOf(error)
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR')
      throw refused('unpin', path, String(errno), error)
  }
}

function list(directory: string): readonly NetnsEntry[] {
  let names: readonly string[]
  try {
    names = readdirSync(directory).sort()
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT') return []
    throw refused('list', directory, String(errno), error)
  }
  return names.flatMap((name) => {
    const path = join(directory, name)
    try {
      const identity = identityAt(path)
      return identity !== undefined || isEmptyFile(path) ? [{ name, path, identity }] : []
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [] // removed since the folder was read
      throw error
    }
  })
}

/** The namespace mounted at exactly this path; a symbolic link to one is not a pin. */
function identityAt(path: string): NetnsIdentity | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? undefined : netnsIdentity(path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
    if (!(error instanceof NetnsError)) throw refused('look at', path, String(errno), error)
    if (error.code === 'not-a-netns' || error.code === 'netns-gone') return undefined
    throw error
  }
}

function isEmptyFile(path: string): boolean {
  const stat = lstatSync(path)
  return stat.isFile() && stat.size === 0 && !isNamespaceFile(path)
}

function checkedPath(path: string): string {
  const normal = path.startsWith('/') && !path.endsWith('/') && normalize(path) === path
  if (normal && PIN_NAME.test(basename(path))) return path
  throw new NetnsError(
    'invalid-argument',
    `pin ${JSON.stringify(path)}: give a normal absolute path whose last part is letters, digits, dot, dash or underscore`,
  )
}

function refused(doing: string, path: string, errno: string, cause?: unknown): NetnsError {
  const permission = errno === 'EPERM' || errno === 'EACCES'
  return new NetnsError(
    permission ? 'permission' : 'pin-failed',
    `${doing} ${path}: ${errno}${permission ? ', root is needed' : ''}`,
    { cause, errno },
  )
}
