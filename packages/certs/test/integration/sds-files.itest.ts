import { chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTempDir, eventually, run, spawnIn, type TempDir } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  CertsError,
  removeSdsFiles,
  verifySdsFiles,
  workloadSpiffeId,
  writeSdsFiles,
  type WorkloadIdentity,
} from '../../src/index.ts'
import { memoryCa } from '../../src/testing/index.ts'
import { fixture } from '../fixtures/source-node.ts'

const uid = 1337
const gid = 1337
const as = (user: number): [string, ...string[]] => [
  'setpriv',
  `--reuid=${user}`,
  `--regid=${user}`,
  '--clear-groups',
]
let temp: TempDir
let directory: string
let identity: WorkloadIdentity

beforeEach(async () => {
  temp = await createTempDir('sds')
  await run(['chmod', '0711', temp.path])
  directory = join(temp.path, 'sds')
  const ca = await memoryCa()
  identity = await ca.issue(workloadSpiffeId('cluster.local', 'default', 'reviews'))
})

afterEach(() => temp[Symbol.asyncDispose]())

const write = (): Promise<void> => writeSdsFiles({ directory, identity, uid, gid })

describe('SDS files written by root for a sidecar', () => {
  test('can be read by the sidecar, not changed by it, and not read by the application', async () => {
    await write()
    const file = join(directory, 'identity.json')
    expect(await stat(file)).toMatchObject({ uid, gid })
    expect(await stat(directory)).toMatchObject({ uid, gid })
    const sidecar = await run([...as(uid), 'cat', file])
    expect(sidecar.stdout).toBe(await readFile(file, 'utf8'))
    const change = await run([...as(uid), 'sh', '-c', `echo x >> ${file}`])
    expect(change.exitCode).not.toBe(0)
    const application = await run([...as(1000), 'cat', file])
    expect(application).toMatchObject({ exitCode: 1, stdout: '' })
    expect((await run([...as(1000), 'ls', directory])).exitCode).not.toBe(0)
    const options = { directory, uid, gid, now: () => new Date() }
    expect(await verifySdsFiles(options)).toMatchObject({ ok: true })
    expect(await verifySdsFiles({ ...options, gid: 0 })).toMatchObject({ ok: false })
  })

  test('are not written into a directory of another user, nor into one of root that is in use', async () => {
    await mkdir(directory, { mode: 0o700 })
    await chown(directory, 1000, 1000)
    await expect(write()).rejects.toMatchObject({ code: 'directory-insecure' })
    await chown(directory, 0, 0)
    await writeFile(join(directory, 'shadow'), 'of root')
    await expect(write()).rejects.toMatchObject({ code: 'directory-insecure' })
    expect(await stat(directory)).toMatchObject({ uid: 0, gid: 0 })
    expect(await readdir(directory)).toEqual(['shadow'])
  })

  test('are written into the empty directory that a crash left before it was handed over', async () => {
    await mkdir(directory, { mode: 0o700 })
    await write()
    expect(await stat(directory)).toMatchObject({ uid, gid })
  })

  test('never land where a sidecar that owns the parent makes a link lead', async () => {
    const parent = join(temp.path, 'parent')
    const victim = join(temp.path, 'victim')
    await mkdir(victim, { mode: 0o700 })
    await writeFile(join(victim, 'identity.json'), 'of root')
    await mkdir(parent, { mode: 0o700 })
    await chown(parent, uid, gid)
    await using attacker = await spawnIn([
      ...as(uid),
      ...fixture('swap-directory.ts', parent, victim),
    ])
    await eventually(() => expect(attacker.output().stdout).toBe('ready\n'), { timeoutMs: 50_000 })
    const outcomes = { done: 0, refused: 0 }
    for (let turn = 0; turn < 150; turn++) {
      try {
        await writeSdsFiles({ directory: join(parent, 'sds'), identity, uid, gid })
        await removeSdsFiles(join(parent, 'sds')) // either of the two may be refused
        outcomes.done += 1
      } catch (error) {
        if (!(error instanceof CertsError)) throw error
        outcomes.refused += 1
      }
    }
    expect(outcomes.done + outcomes.refused).toBe(150)
    expect(await readdir(victim)).toEqual(['identity.json'])
    expect(await readFile(join(victim, 'identity.json'), 'utf8')).toBe('of root')
    expect(await stat(victim)).toMatchObject({ uid: 0, gid: 0 })
    expect(attacker.process.exitCode).toBeNull()
  })
})
