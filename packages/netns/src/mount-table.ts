import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** One line of `/proc/self/mountinfo`, as far as pins need it; see proc_pid_mountinfo(5). */
export interface MountEntry {
  readonly id: number
  readonly parentId: number
  /** `major:minor` of the file system. */
  readonly device: string
  /** The folder of the file system that is mounted. */
  readonly root: string
  readonly mountPoint: string
  /** Mounts made and removed below it appear in the other mount namespaces that share it. */
  readonly shared: boolean
}

/** Reads the text of `/proc/self/mountinfo`; lines it does not understand are left out. */
export function parseMountTable(text: string): readonly MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const [id, parentId, device, root, mountPoint, , ...rest] = line.split(' ')
    if (!device || root === undefined || mountPoint === undefined) return []
    const optional = rest.slice(0, rest.indexOf('-'))
    return [
      {
        id: Number(id),
        parentId: Number(parentId),
        device,
        root: unescape(root),
        mountPoint: unescape(mountPoint),
        shared: optional.some((field) => field.startsWith('shared:')),
      },
    ]
  })
}

/** The mount a folder is in, and the one that lies around that. Throws Node's errors. */
export function mountOf(folder: string): {
  readonly mount: MountEntry | undefined
  readonly parent: MountEntry | undefined
  /** Mounts directly inside it. */
  readonly children: readonly MountEntry[]
} {
  const id = mountIdOf(folder)
  const table = parseMountTable(readFileSync('/proc/self/mountinfo', 'utf8'))
  const mount = table.find((entry) => entry.id === id)
  return {
    mount,
    parent: table.find((entry) => entry.id === mount?.parentId),
    children: table.filter((entry) => entry.parentId === id),
  }
}

/** Whether the mount is a folder bound onto itself, which is what a pin directory may need. */
export function isSelfBind(
  folder: string,
  { mount, parent }: Pick<ReturnType<typeof mountOf>, 'mount' | 'parent'>,
): boolean {
  if (mount === undefined || parent === undefined) return false
  return (
    mount.mountPoint === folder &&
    mount.device === parent.device &&
    mount.root === join(parent.root, relative(parent.mountPoint, folder))
  )
}

/** The kernel tells which mount an open file is in, which no comparison of paths can. */
function mountIdOf(folder: string): number | undefined {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
    return id === undefined ? undefined : Number(id)
  } finally {
    closeSync(fd)
  }
}

/** Space, tab, newline and backslash are written as three octal digits. */
function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 8)),
  )
}
