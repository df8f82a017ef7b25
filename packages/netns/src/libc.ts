import { getSystemErrorName } from 'node:util'

import koffi from 'koffi'

/**
 * The three calls that Node has no binding for. Symbols come from the C library this process already
 * runs on, glibc or musl. `setns` is not among them: only the helper process has it.
 */
const self = koffi.load(null)

const cMount = self.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
) as (source: string, target: string, type: null, flags: number, data: null) => number
const cUmount = self.func('int umount2(const char *target, int flags)') as (
  target: string,
  flags: number,
) => number
const cIoctl = self.func('int ioctl(int fd, unsigned long request, long argument)') as (
  fd: number,
  request: number,
  argument: number,
) => number

/** `mount(2)` flags in use. */
export const MS_BIND = 0x1000
export const MS_SHARED = 0x100000
/** `umount2(2)` flags in use. */
export const MNT_DETACH = 2
export const UMOUNT_NOFOLLOW = 8
/** `clone(2)` flag that stands for network namespaces. */
export const CLONE_NEWNET = 0x40000000
/** `NS_GET_NSTYPE` of `ioctl_nsfs(2)`. */
const NS_GET_NSTYPE = 0xb703

/** Changes a mount. Returns the kernel's error name, undefined on success. */
export function mount(source: string, target: string, flags: number): string | undefined {
  return failure(cMount(source, target, null, flags, null))
}

/** Removes a mount. Returns the kernel's error name, undefined on success. */
export function unmount(target: string, flags: number): string | undefined {
  return failure(cUmount(target, flags))
}

/** The kind of namespace behind a file descriptor as a clone flag; undefined for other files. */
export function namespaceType(fd: number): number | undefined {
  const type = cIoctl(fd, NS_GET_NSTYPE, 0)
  return type < 0 ? undefined : type
}

/** The error name of the call that just returned `result`, undefined when that is not negative. */
export function failure(result: number): string | undefined {
  return result < 0 ? getSystemErrorName(-koffi.errno()) : undefined
}
