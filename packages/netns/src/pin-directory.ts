import { lstatSync, mkdirSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

import { errnoOf, NetnsError } from './error.ts'
import { MNT_DETACH, mount, MS_BIND, MS_SHARED, UMOUNT_NOFOLLOW, unmount } from './libc.ts'
import { isSelfBind, mountOf } from './mount-table.ts'

/**
 * Makes a folder fit for pins: it exists (mode 0700 when it had to be made), and mounts in it are
 * shared with other mount namespaces, so that pins appear in and vanish from those of runtimes,
 * containers and services that see the folder, too. Where the mount around the folder is not shared,
 * the folder is bound onto itself and that mount is made shared, as `ip netns` does. That is done to a folder of pins and nothing else only: any other is a
 * `pin-conflict`. May be called again. Also throws `permission` and `pin-failed`.
 */
export function preparePinDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const folder = realpathSync(directory)
    if (mountOf(folder).mount?.shared === true) return
    if (!isSelfBind(folder, mountOf(folder))) {
      checkDedicated(folder)
      check(mount(folder, folder, MS_BIND), folder)
    }
    check(mount('none', folder, MS_SHARED), folder)
  } catch (error) {
    throw explain(`prepare pin directory ${directory}`, error)
  }
}

/**
 * Takes back what {@link preparePinDirectory} mounted; the folder itself stays. Leaves any other
 * mount alone, and does nothing when there is none of its own or no folder. May be called again.
 * Throws `pin-conflict` while something is mounted inside, `permission` or `pin-failed`.
 */
export function releasePinDirectory(directory: string): void {
  try {
    const folder = realpathSync(directory)
    for (let at = mountOf(folder); isSelfBind(folder, at); at = mountOf(folder)) {
      if (at.children.length > 0) {
        const inside = at.children.map(({ mountPoint }) => mountPoint).join(', ')
        throw new NetnsError('pin-conflict', `release pin directory ${folder}: in use by ${inside}`)
      }
      check(unmount(folder, MNT_DETACH | UMOUNT_NOFOLLOW), folder)
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return
    throw explain(`release pin directory ${directory}`, error)
  }
}

/** A mount over a folder that others use would be felt by them. */
function checkDedicated(folder: string): void {
  const foreign = readdirSync(folder).find((name) => {
    const stat = lstatSync(join(folder, name))
    return !stat.isFile() || stat.size > 0
  })
  if (foreign === undefined) return
  throw new NetnsError(
    'pin-conflict',
    `prepare pin directory ${folder}: it also holds ${foreign}, use a folder for pins alone`,
  )
}

function check(errno: string | undefined, folder: string): void {
  if (errno === undefined) return
  const code = errno === 'EPERM' || errno === 'EACCES' ? 'permission' : 'pin-failed'
  const hint = code === 'permission' ? ', root is needed' : ''
  throw new NetnsError(code, `change the mount of ${folder}: ${errno}${hint}`, { errno })
}

function explain(doing: string, error: unknown): NetnsError {
  if (error instanceof NetnsError) return error
  const errno = errnoOf(error)
  const code = errno === 'EPERM' || errno === 'EACCES' ? 'permission' : 'pin-failed'
  return new NetnsError(code, `${doing}: ${String(errno)}`, { cause: error, errno })
}
