import {
  chown,
  constants,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EnvoyRuntimeError, systemCode } from './error.ts'
import { type Layout } from './layout.ts'
import { type SidecarPaths } from './runtime.ts'
import { isId } from './spec.ts'

/** Whose a sidecar's files are. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Makes the state directory's own folders. May be called again. */
export async function makeLayout(layout: Layout, owner: Owner): Promise<void> {
  await mkdir(layout.root, { recursive: true, mode: 0o711 })
  await expectReachable(layout.root, owner)
  await ownFolder(layout.sidecars, 0o711)
  await ownFolder(layout.records, 0o700)
  await ownFolder(layout.shared, 0o755)
}

/** Makes a sidecar's folders, the sidecar's uid their owner. May be called again. */
export async function makeSidecar(paths: SidecarPaths, owner: Owner): Promise<void> {
  for (const path of [paths.directory, paths.sds]) {
    await ownFolder(path, 0o700, owner)
  }
}

/** Puts the bootstrap in its place in one step; what the sidecar may have put there is replaced. */
export async function writeBootstrap(
  layout: Layout,
  id: string,
  bootstrap: unknown,
  owner: Owner,
): Promise<void> {
  const temporary = `${layout.record(id)}.bootstrap.tmp`
  await rm(temporary, { force: true })
  await writeFile(temporary, JSON.stringify(bootstrap), { mode: 0o400, flag: 'wx' })
  await chown(temporary, owner.uid, owner.gid)
  await rename(temporary, layout.sidecar(id).bootstrap)
}

/**
 * Removes all of a sidecar. Its folder goes out of reach first, into the one only root can enter:
 * others of the same uid could otherwise put a link where a folder is being removed.
 */
export async function removeSidecar(layout: Layout, id: string): Promise<void> {
  const trash = join(layout.records, `${id}.trash`)
  await rm(trash, { recursive: true, force: true })
  try {
    await rename(layout.sidecar(id).directory, trash)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
  await rm(trash, { recursive: true, force: true })
  const record = layout.record(id)
  for (const path of [`${record}.bootstrap.tmp`, `${record}.tmp`, record, layout.lock(id)]) {
    await rm(path, { force: true })
  }
}

/** Ids of which anything is there, sorted. */
export async function knownIds(layout: Layout): Promise<readonly string[]> {
  const [folders, files] = await Promise.all([names(layout.sidecars), names(layout.records)])
  const ids = new Set(folders)
  for (const file of files) {
    const id = /^(.+)\.(json|lock|trash)$/.exec(file)?.[1]
    if (id !== undefined) ids.add(id)
  }
  // What has another name is not ours.
  return [...ids].filter(isId).sort()
}

async function names(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

/**
 * Makes a folder with this mode and owner. It may be inside one that the sidecar's uid can change: the
 * folder is opened without following a link, and changed by its descriptor.
 */
async function ownFolder(path: string, mode: number, owner?: Owner): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  }
  await using folder = await openFolder(path)
  // The umask may have taken bits away.
  await folder.chmod(mode)
  if (owner !== undefined) await folder.chown(owner.uid, owner.gid)
}

async function openFolder(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    throw new EnvoyRuntimeError('state-invalid', `${path} is not a folder: remove it`, {
      cause: error,
    })
  }
}

/** Envoy has to reach its files as another user: every folder above must let it pass. */
async function expectReachable(root: string, { uid, gid }: Owner): Promise<void> {
  for (let path = root; ; path = dirname(path)) {
    const found = await lstat(path)
    const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001
    if (!found.isSymbolicLink() && (found.mode & bit) === 0) {
      throw new EnvoyRuntimeError(
        'state-invalid',
        `uid ${uid} cannot pass ${path} to its files: chmod o+x it, or use another state directory`,
      )
    }
    if (path === dirname(path)) return
  }
}
