import { mkdirSync, realpathSync } from 'node:fs'

import { errnoOf, NetnsError } from './error.ts'
import { MNT_DETACH, mount, MS_BIND, MS_SHARED, UMOUNT_NOFOLLOW, unmount } from './libc.ts'
import { isSelfBind, mountOf } from './mount-table.ts'

/**
 * Makes a folder fit for pins: it exists (mode 0700 when it had to be made), and mounts in it are
 * shared with other mount namespaces. Without sharing, a container or service that started while a
 * pin existed would keep a copy of it, and with it the namespace, after the pin is removed. Where
 * the mount around the folder is not shared, the folder is bound onto itself and that mount is made
 * shared, as `ip netns` does. May be called again. Throws `permission` or `pin-failed`.
 */
export function preparePinDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const folder = realpathSync(directory)
    if (mountOf(folder).mount?.shared === true) return
    if (!isSelfBind(folder, mountOf(folder))) check(mount(folder, folder, MS_BIND), folder)
    check(mount('none', folder, MS_SHARED), folder)
  } catch (error) {
    throw explain(`prepare pin directory ${directory}`, error)
  }
}

/**
 * Takes back what {@link preparePinDirectory} mounted; the folder itself stays. Call it when no pin
 * is left: mounts that remain inside are detached with it. Leaves any other mount alone, and does
 * nothing when there is none of its own or no folder. Throws `permission` or `pin-failed`.
 */
export function releasePinDirectory(directory: string): void {
  try {
    const folder = realpathSync(directory)
    while (isSelfBind(folder, mountOf(folder))) {
      check(unmount(folder, MNT_DETACH | UMOUNT_NOFOLLOW), folder)
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return
    throw explain(`release pin directory ${directory}`, error)
  }
}

function check(errno: string | undefined, folder: string): void {
  if (errno === undefined) return
  const code = errno === 'EPERM' || errno === 'EACCES' ? 'permission' : 'pin-failed'
  throw new NetnsError(code, `change the mount of ${folder}: ${errno}`, { errno })
}

function explain(doing: string, error: unknown): NetnsError {
  if (error instanceof NetnsError) return error
  const errno = errnoOf(error)
  const code = errno === 'EPERM' || errno === 'EACCES' ? 'permission' : 'pin-failed'
  return new NetnsError(code, `${doing}: ${String(errno)}`, { cause: error, errno })
}
