import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, open, opendir, rename, unlink } from 'node:fs/promises'
import { CertsError, systemCode } from '../error.ts'
import { type Owner, type PrivateDirectory } from './private-directory.ts'

/** What is written and how. */
export interface FileContent {
  /** File name, without a directory. */
  readonly name: string
  /** The whole content. */
  readonly text: string
  /** Permission bits. */
  readonly mode: number
  /** Owner; this process's own user when absent. */
  readonly owner?: Owner
}

/**
 * Puts a file in place by a rename inside the directory: readers see the old or the new one, whole,
 * also after a crash.
 *
 * Throws `write-failed`.
 */
export async function replaceFile(
  directory: PrivateDirectory,
  content: FileContent,
): Promise<void> {
  const temporary = await writeTemporary(directory, content)
  try {
    await rename(temporary, `${directory.path}/${content.name}`)
    await directory.sync()
  } catch (error) {
    await unlinkIfThere(temporary)
    throw writeFailed(content.name, error)
  }
}

/**
 * Puts a file in place if there is none of that name, as {@link replaceFile} would; false when
 * somebody else was first.
 *
 * Throws `write-failed`.
 */
export async function createFile(
  directory: PrivateDirectory,
  content: FileContent,
): Promise<boolean> {
  const temporary = await writeTemporary(directory, content)
  try {
    const first = await linkIfFree(temporary, `${directory.path}/${content.name}`)
    await unlinkIfThere(temporary)
    await directory.sync()
    return first
  } catch (error) {
    await unlinkIfThere(temporary)
    throw writeFailed(content.name, error)
  }
}

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    // ENOENT: whoever was first has cleaned up our temporary file too.
    if (systemCode(error) === 'EEXIST' || systemCode(error) === 'ENOENT') return false
    throw error
  }
}

/** Removes temporary files that a crash has left behind. Throws `write-failed`. */
export async function removeTemporaries(directory: PrivateDirectory, name: string): Promise<void> {
  try {
    // Entry by entry: the sidecar's user may have filled its directory.
    for await (const entry of await opendir(directory.path)) {
      if (entry.name.startsWith(`.${name}.`) && entry.name.endsWith('.tmp')) {
        await unlinkIfThere(`${directory.path}/${entry.name}`)
      }
    }
  } catch (error) {
    throw writeFailed(name, error)
  }
}

/** Unlinks a file; done when there is none. */
export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

async function writeTemporary(directory: PrivateDirectory, content: FileContent): Promise<string> {
  const temporary = `${directory.path}/.${content.name}.${randomBytes(8).toString('hex')}.tmp`
  try {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
    await using handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    await handle.writeFile(content.text)
    await handle.chmod(content.mode)
    // Last: until here only this process's user can read it.
    if (content.owner !== undefined) await handle.chown(content.owner.uid, content.owner.gid)
    await handle.sync()
    return temporary
  } catch (error) {
    await unlinkIfThere(temporary)
    throw writeFailed(content.name, error)
  }
}

function writeFailed(name: string, error: unknown): CertsError {
  return new CertsError(
    'write-failed',
    `write ${name}: ${systemCode(error) ?? 'unknown error'}; check space, permissions and whether the user id may be given`,
    { cause: error, file: name },
  )
}
