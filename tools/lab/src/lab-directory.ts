import { chmod, copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { run } from '@proxy/testkit'

import { must } from './must.ts'

/** Where everything of one lab is, all on a tmpfs of its own. */
export interface LabPaths {
  readonly root: string
  /** The programs that pods and sidecars run; readable by every user. */
  readonly bin: string
  readonly envoy: string
  readonly node: string
  readonly bookinfo: string
  readonly socket: string
  readonly runDir: string
  readonly sidecarDir: string
  readonly stateDir: string
  /** Mounted over /var/lib where cnitool runs: its results cache and host-local's addresses. */
  readonly varLib: string
  readonly netConf: string
  readonly agentLog: string
}

export function labPaths(root: string): LabPaths {
  const at = (...parts: string[]): string => join(root, ...parts)
  return {
    root,
    bin: at('bin'),
    envoy: at('bin', 'envoy'),
    node: at('bin', 'node'),
    bookinfo: at('bookinfo'),
    socket: at('run', 'agent.sock'),
    runDir: at('run'),
    sidecarDir: at('sidecars'),
    stateDir: at('state'),
    varLib: at('var-lib'),
    netConf: at('net.d'),
    agentLog: at('agent.log'),
  }
}

/** Programs that come from outside the lab. */
export interface LabPrograms {
  readonly envoy: string
  /** The compiled plugin. */
  readonly proxyCni: string
}

/**
 * Makes the folder: a tmpfs (private keys never reach a disk), with the programs bound into it, for
 * the users of pods and sidecars may not be able to enter the clone's folder.
 */
export async function createLabDirectory(root: string, programs: LabPrograms): Promise<LabPaths> {
  const paths = labPaths(root)
  await mkdir(root, { recursive: true })
  await must('mount', '-t', 'tmpfs', '-o', 'mode=0711,size=256m', 'proxy-lab', root)
  for (const dir of [paths.bin, paths.bookinfo]) await mkdir(dir, { mode: 0o755 })
  for (const dir of [paths.varLib, paths.netConf]) await mkdir(dir, { mode: 0o700 })
  await bindFile(programs.envoy, paths.envoy)
  await bindFile(process.execPath, paths.node)
  await symlink(programs.proxyCni, join(paths.bin, 'proxy-cni'))
  const source = fileURLToPath(new URL('../bookinfo', import.meta.url))
  for (const name of await readdir(source)) {
    await copyFile(join(source, name), join(paths.bookinfo, name))
    await chmod(join(paths.bookinfo, name), 0o644)
  }
  return paths
}

/** Unmounts and removes the folder; one that is not there is fine. */
export async function removeLabDirectory(root: string): Promise<void> {
  for (const mount of await mountsBelow(root)) await run(['umount', '--lazy', mount])
  await rm(root, { recursive: true, force: true })
}

/** Mount points at or below a folder, the innermost first. */
export async function mountsBelow(root: string): Promise<readonly string[]> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mount) => mount === root || mount.startsWith(`${root}/`))
  return mounts.reverse()
}

async function bindFile(source: string, target: string): Promise<void> {
  await writeFile(target, '')
  await must('mount', '--bind', source, target)
}
