import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Replaces a file so that a crash, also of the machine, leaves the old content or the new: written
 * beside it, synced, renamed, the directory synced. The rename is also what Envoy's file watch sees.
 */
export async function writeDurably(path: string, content: string, mode = 0o600): Promise<void> {
  const temporary = `${path}${TEMPORARY_SUFFIX}`
  await rm(temporary, { force: true })
  const file = await open(temporary, 'wx', mode)
  try {
    try {
      await file.writeFile(content)
      await file.chmod(mode) // whatever the umask
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }) // on a full disk it would stay, empty
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Removes a file for good; one that is not there is fine. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true })
  await syncDirectory(dirname(path))
}

/** Ends the names of files that a crash may leave half-written; they are never read. */
const TEMPORARY_SUFFIX = '.tmp'

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
