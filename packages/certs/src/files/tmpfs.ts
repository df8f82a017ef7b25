import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CertsError, systemCode } from '../error.ts'

/** `f_type` of file systems that live in memory only, from statfs(2). */
const memoryFileSystems: ReadonlySet<number> = new Set([
  0x01021994, // tmpfs
  0x858458f6, // ramfs
])

/**
 * Whether files in this directory stay in memory, so that keys written there never reach a disk
 * (other than swap). Of a directory that does not exist yet, its nearest existing parent decides.
 *
 * Throws `file-unreadable`.
 */
export async function isTmpfs(directory: string): Promise<boolean> {
  const path = resolve(directory)
  try {
    const { type } = await statfs(path)
    // Some architectures report a signed number.
    return memoryFileSystems.has(type >>> 0)
  } catch (error) {
    const parent = dirname(path)
    if (systemCode(error) === 'ENOENT' && parent !== path) return isTmpfs(parent)
    throw new CertsError(
      'file-unreadable',
      `read file system of ${path}: ${systemCode(error) ?? 'unknown error'}; check its permissions`,
      { cause: error, file: path },
    )
  }
}
