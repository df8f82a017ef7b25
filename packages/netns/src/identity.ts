import { closeSync, constants, fstatSync, openSync, statfsSync, statSync } from 'node:fs'

import { errnoOf, NetnsError } from './error.ts'
import { CLONE_NEWNET, namespaceType } from './libc.ts'

/**
 * Which namespace a file stands for. Two files with the same identity are the same namespace. The
 * kernel gives the numbers to a new namespace once the old one is gone: hold a namespace (by a pin
 * or a handle) while its identity is in use.
 */
export interface NetnsIdentity {
  /** Device number of the kernel's namespace file system. */
  readonly dev: number
  /** Inode number, the one `ip netns identify` and `/proc/<pid>/ns/net` show. */
  readonly ino: number
}

/** A namespace named by the path of its file, or by the id of a process that is in it. */
export type NetnsSource = string | number

/** An open namespace: it stays alive until the handle is closed, whatever becomes of its path. */
export interface NetnsHandle extends Disposable {
  readonly fd: number
  readonly identity: NetnsIdentity
  /** A path that leads to this namespace while the handle is open, from any process of root's. */
  readonly path: string
  /** Closes the handle; may be called again. */
  close(): void
}

/** `NSFS_MAGIC` of `statfs(2)`. */
const NSFS_MAGIC = 0x6e736673

/**
 * Opens a network namespace. Throws `invalid-argument`, `netns-gone`, `not-a-netns` (regular files,
 * links to them, namespaces of other kinds) or `permission`.
 */
export function openNetns(source: NetnsSource): NetnsHandle {
  const path = pathOf(source)
  let fd: number | undefined
  try {
    // Looked at before it is opened: opening a device or a pipe can have effects.
    if (!isNamespaceFile(path)) throw notANetns(path)
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (namespaceType(fd) !== CLONE_NEWNET) throw notANetns(path)
    const { dev, ino } = fstatSync(fd)
    return handle(fd, { dev, ino })
  } catch (error) {
    if (fd !== undefined) closeSync(fd)
    throw error instanceof NetnsError ? error : explain(path, error)
  }
}

/** The identity of a namespace. Throws as {@link openNetns} does. */
export function netnsIdentity(source: NetnsSource): NetnsIdentity {
  const opened = openNetns(source)
  opened.close()
  return opened.identity
}

/** The path of the namespace a process is in. Throws `netns-gone` when there is no such process. */
export function netnsOfPid(pid: number): string {
  netnsIdentity(pid)
  return pathOf(pid)
}

/** Whether the path is a network namespace; false when nothing is there. Throws `permission`. */
export function isNetns(path: string): boolean {
  try {
    netnsIdentity(path)
    return true
  } catch (error) {
    if (error instanceof NetnsError && error.code !== 'permission') return false
    throw error
  }
}

/** Whether a namespace, of any kind, is mounted at the path. Throws Node's errors. */
export function isNamespaceFile(path: string): boolean {
  return statSync(path).isFile() && statfsSync(path).type === NSFS_MAGIC
}

/** The namespace this process started in. */
export function ownNetns(): NetnsIdentity {
  return netnsIdentity('/proc/self/ns/net')
}

/** Whether both are the same namespace. */
export function sameNetns(one: NetnsIdentity, other: NetnsIdentity): boolean {
  return one.ino === other.ino && one.dev === other.dev
}

/** The path of a source. Throws `invalid-argument`. */
export function pathOf(source: NetnsSource): string {
  if (typeof source === 'number') {
    if (Number.isSafeInteger(source) && source > 0) return `/proc/${source}/ns/net`
    throw new NetnsError(
      'invalid-argument',
      `open the namespace of pid ${source}: not a process id`,
    )
  }
  if (source.startsWith('/') && !source.includes('\0')) return source
  throw new NetnsError(
    'invalid-argument',
    `open namespace ${JSON.stringify(source)}: give an absolute path`,
  )
}

function handle(fd: number, identity: NetnsIdentity): NetnsHandle {
  let open = true
  const close = (): void => {
    if (!open) return
    open = false
    closeSync(fd)
  }
  const path = `/proc/${process.pid}/fd/${fd}`
  return { fd, identity, path, close, [Symbol.dispose]: close }
}

function notANetns(path: string): NetnsError {
  return new NetnsError('not-a-netns', `open namespace ${path}: not a network namespace`)
}

function explain(path: string, error: unknown): NetnsError {
  const errno = errnoOf(error)
  const options = { cause: error, errno }
  switch (errno) {
    case 'ENOENT':
    case 'ESRCH':
    case 'ENOTDIR':
      return new NetnsError('netns-gone', `open namespace ${path}: nothing is there`, options)
    case 'EACCES':
    case 'EPERM':
      return new NetnsError(
        'permission',
        `open namespace ${path}: ${errno}, run as root or as the owner of the process`,
        options,
      )
    default:
      return new NetnsError('not-a-netns', `open namespace ${path}: ${String(errno)}`, options)
  }
}
