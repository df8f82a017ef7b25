import { constants } from 'node:fs'
import { open, rmdir } from 'node:fs/promises'
import { CertsError, systemCode } from '../error.ts'
import { removeTemporaries, replaceFile, unlinkIfThere } from '../files/atomic-file.ts'
import {
  makePrivateDirectory,
  openPrivateDirectory,
  type Owner,
  type PrivateDirectory,
} from '../files/private-directory.ts'
import { type WorkloadIdentity } from '../identity/workload-identity.ts'
import {
  identityFileName,
  identityResource,
  trustBundleFileName,
  trustBundleResource,
} from './sds-resources.ts'

/** Where the SDS files of one sidecar are, and whose they are. */
export interface SdsLocation extends Owner {
  /** Directory of the files: made when absent (its parent must exist), 0700, owned by `uid`. */
  readonly directory: string
}

/** Options of {@link writeSdsFiles}. */
export interface WriteSdsOptions extends SdsLocation {
  /** What to write. */
  readonly identity: WorkloadIdentity
}

const fileMode = 0o400

/**
 * Writes `trust-bundle.json` and `identity.json` for Envoy's file SDS, each 0400, owned by the
 * sidecar's user and moved into place, which is what Envoy watches for. May be called again: that
 * is a rotation. The roots come first, so that they are trusted before the first leaf under them.
 *
 * The directory is one sidecar's own, with one writer; links in place of it are refused. Ask
 * {@link isTmpfs} first whether the key would reach a disk.
 *
 * Throws `directory-insecure`, `file-unreadable` or `write-failed`; the old files are then still
 * there, each whole.
 */
export async function writeSdsFiles(options: WriteSdsOptions): Promise<void> {
  const { identity, uid, gid } = options
  const owner = { uid, gid }
  await using directory = await makePrivateDirectory(options.directory, owner)
  await removeLeftovers(directory)
  await replaceFile(directory, {
    name: trustBundleFileName,
    text: trustBundleResource(identity.trustBundlePem),
    mode: fileMode,
    owner,
  })
  await replaceFile(directory, {
    name: identityFileName,
    text: identityResource(identity),
    mode: fileMode,
    owner,
  })
}

/**
 * Overwrites the key with zeros and removes the files; removes the directory too when nothing else
 * is in it. Done when there is nothing. May be called again.
 *
 * Throws `directory-insecure` when the directory is a link, and `remove-failed`.
 */
export async function removeSdsFiles(directory: string): Promise<void> {
  await using opened = await openPrivateDirectory(directory)
  if (opened === undefined) return
  try {
    await overwrite(`${opened.path}/${identityFileName}`)
    await removeLeftovers(opened)
    await unlinkIfThere(`${opened.path}/${identityFileName}`)
    await unlinkIfThere(`${opened.path}/${trustBundleFileName}`)
    await opened.sync()
    await removeIfEmpty(directory)
  } catch (error) {
    throw new CertsError(
      'remove-failed',
      `remove SDS files of ${directory}: ${systemCode(error) ?? 'unknown error'}; remove what is there by hand`,
      { cause: error, file: directory },
    )
  }
}

async function removeLeftovers(directory: PrivateDirectory): Promise<void> {
  await removeTemporaries(directory, trustBundleFileName)
  await removeTemporaries(directory, identityFileName)
}

async function overwrite(file: string): Promise<void> {
  try {
    const { O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants
    await using handle = await open(file, O_WRONLY | O_NOFOLLOW | O_NONBLOCK)
    const stats = await handle.stat()
    if (!stats.isFile() || stats.nlink !== 1) return
    await handle.write(Buffer.alloc(Math.min(stats.size, 1024 * 1024)), 0, undefined, 0)
    await handle.sync()
  } catch (error) {
    // Not our file any more (a link, a FIFO) or not writable: unlinking it is what is left.
    const code = systemCode(error)
    if (code === undefined || !['ENOENT', 'ELOOP', 'ENXIO', 'EACCES', 'EISDIR'].includes(code)) {
      throw error
    }
  }
}

async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory)
  } catch (error) {
    const code = systemCode(error)
    if (
      code === undefined ||
      !['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EBUSY'].includes(code)
    ) {
      throw error
    }
  }
}
