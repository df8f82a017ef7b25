import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getegid, geteuid } from 'node:process'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  isTmpfs,
  removeSdsFiles,
  trustBundleSecretName,
  verifySdsFiles,
  workloadIdentitySecretName,
  workloadSpiffeId,
  writeSdsFiles,
  type IdentitySource,
  type SdsVerification,
  type WorkloadIdentity,
} from '../src/index.ts'
import { memoryCa } from '../src/testing/index.ts'

const uid = geteuid?.() ?? 0
const gid = getegid?.() ?? 0
const reviews = workloadSpiffeId('cluster.local', 'default', 'reviews')
let ca: IdentitySource
let identity: WorkloadIdentity
let base: string
let directory: string

beforeAll(async () => {
  ca = await memoryCa()
  identity = await ca.issue(reviews)
})

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pxt-certs-'))
  directory = join(base, 'sds')
})

afterEach(() => rm(base, { recursive: true, force: true }))

const write = (given = identity): Promise<void> =>
  writeSdsFiles({ directory, identity: given, uid, gid })
const verify = (spiffeId = reviews): Promise<SdsVerification> =>
  verifySdsFiles({ directory, uid, gid, spiffeId, now: () => new Date() })

async function problemsOf(found: Promise<SdsVerification>): Promise<string[]> {
  const verification = await found
  return verification.ok ? [] : verification.problems.map(({ code }) => code)
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return (error as { code: string }).code
  }
  throw new Error('nothing was thrown')
}

const masked = (text: string): string =>
  JSON.stringify(
    JSON.parse(text, (key, value: unknown) => {
      if (key === 'inline_string' && typeof value === 'string') return value.split('\n', 1)[0]
      return key === 'version_info' ? '<version>' : value
    }),
    null,
    2,
  ) + '\n'

describe('writeSdsFiles', () => {
  test('writes what Envoy reads, for its user only', async () => {
    await write()
    expect((await stat(directory)).mode & 0o7777).toBe(0o700)
    for (const name of ['identity.json', 'trust-bundle.json']) {
      const stats = await stat(join(directory, name))
      expect(stats).toMatchObject({ uid, gid })
      expect(stats.mode & 0o7777).toBe(0o400)
      const text = await readFile(join(directory, name), 'utf8')
      await expect(masked(text)).toMatchFileSnapshot(`golden/${name}`)
    }
    expect(await readFile(join(directory, 'identity.json'), 'utf8')).toContain(
      JSON.stringify(identity.privateKeyPem),
    )
    expect([workloadIdentitySecretName, trustBundleSecretName]).toEqual([
      'workload-identity',
      'trust-bundle',
    ])
  })

  test('replaces, verifies, removes, and does each twice', async () => {
    await write()
    await write()
    expect(await verify()).toMatchObject({ ok: true, facts: { spiffeId: reviews } })
    const next = await ca.issue(reviews)
    const { ino } = await stat(join(directory, 'identity.json'))
    await write(next)
    expect((await stat(join(directory, 'identity.json'))).ino).not.toBe(ino)
    expect(await verify()).toMatchObject({ facts: { serialNumber: next.serialNumber } })
    expect(await readdir(directory)).toHaveLength(2)
    await removeSdsFiles(directory)
    await removeSdsFiles(directory)
    expect(await readdir(base)).toEqual([])
    expect(await problemsOf(verify())).toEqual(['file-missing'])
  })

  test('removes what a crash left, with its key', async () => {
    await write()
    await writeFile(join(directory, '.identity.json.0011.tmp'), 'half a key')
    await write()
    expect((await readdir(directory)).toSorted()).toEqual(['identity.json', 'trust-bundle.json'])
  })

  test('gives another version to another certificate, and none that tells of the key', async () => {
    const version = async (): Promise<string> => {
      const text = await readFile(join(directory, 'identity.json'), 'utf8')
      return (JSON.parse(text) as { version_info: string }).version_info
    }
    await write()
    const first = await version()
    await write()
    expect(await version()).toBe(first)
    await write(await ca.issue(reviews))
    expect(await version()).not.toBe(first)
  })

  test('refuses a link, a file and a missing parent in place of the directory', async () => {
    await mkdir(join(base, 'elsewhere'), { mode: 0o700 })
    await symlink('elsewhere', directory)
    expect(await codeOf(write())).toBe('directory-insecure')
    expect(await codeOf(removeSdsFiles(directory))).toBe('directory-insecure')
    expect(await readdir(join(base, 'elsewhere'))).toEqual([])
    await rm(directory)
    await writeFile(directory, '')
    expect(await codeOf(write())).toBe('directory-insecure')
    directory = join(base, 'no', 'parent')
    expect(await codeOf(write())).toBe('write-failed')
  })

  test('replaces links in place of the files and does not follow them', async () => {
    await mkdir(directory, { mode: 0o700 })
    const victim = join(base, 'victim')
    await writeFile(victim, 'untouched')
    await symlink(victim, join(directory, 'identity.json'))
    await symlink(victim, join(directory, '.identity.json.0011.tmp'))
    await write()
    expect(await readFile(victim, 'utf8')).toBe('untouched')
    expect(await verify()).toMatchObject({ ok: true })
    await rm(join(directory, 'identity.json'))
    await symlink(victim, join(directory, 'identity.json'))
    await removeSdsFiles(directory)
    expect(await readFile(victim, 'utf8')).toBe('untouched')
  })

  test('keeps the old files when it cannot write', async () => {
    await write()
    const old = await readFile(join(directory, 'trust-bundle.json'), 'utf8')
    await rm(join(directory, 'identity.json'))
    await mkdir(join(directory, 'identity.json'))
    expect(await codeOf(write())).toBe('write-failed')
    expect(await readFile(join(directory, 'trust-bundle.json'), 'utf8')).toBe(old)
    expect((await readdir(directory)).filter((name) => name.startsWith('.'))).toEqual([])
  })
})

describe('removeSdsFiles', () => {
  test('leaves a directory that holds other files', async () => {
    await write()
    await writeFile(join(directory, 'bootstrap.json'), '{}')
    await removeSdsFiles(directory)
    expect(await readdir(directory)).toEqual(['bootstrap.json'])
  })

  test('overwrites the key before it lets go of the file', async () => {
    await write()
    const file = join(directory, 'identity.json')
    const { open } = await import('node:fs/promises')
    await using held = await open(file, 'r')
    await removeSdsFiles(directory)
    const text = await held.readFile('utf8')
    expect(text.length).toBeGreaterThan(500)
    expect(text.replaceAll('\0', '')).toBe('')
  })
})

describe('verifySdsFiles', () => {
  test('finds modes that are too open', async () => {
    await write()
    await chmod(directory, 0o755)
    await chmod(join(directory, 'identity.json'), 0o444)
    expect(await problemsOf(verify())).toEqual(['directory-insecure', 'file-insecure'])
  })

  test('finds another owner, another id, an expired certificate', async () => {
    await write()
    const options = { directory, uid, gid, now: () => new Date() }
    expect(await problemsOf(verifySdsFiles({ ...options, uid: uid + 1 }))).toEqual([
      'directory-insecure',
      'file-insecure',
      'file-insecure',
    ])
    const other = workloadSpiffeId('cluster.local', 'default', 'ratings')
    expect(await problemsOf(verify(other))).toEqual(['identity-mismatch'])
    const late = (): Date => new Date(Date.now() + 2 * 3_600_000)
    expect(await problemsOf(verifySdsFiles({ ...options, now: late }))).toEqual([
      'certificate-expired',
    ])
  })

  test('finds files that are gone, links or not as written, and quotes none of them', async () => {
    await write()
    const file = join(directory, 'identity.json')
    const text = await readFile(file, 'utf8')
    const [, line = ''] = identity.privateKeyPem.split('\n')
    const put = async (content: string): Promise<void> => {
      await rm(file, { force: true })
      await writeFile(file, content, { mode: 0o400 })
    }
    const broken = [
      text.slice(0, -200),
      text.replace('"resources"', 'resources'),
      text.replace('private_key', line),
      `${line} ${text}`,
      '[]',
      'null',
      '',
    ]
    for (const content of broken) {
      await put(content)
      const found = await verify()
      expect(await problemsOf(verify())).toEqual(['file-unreadable'])
      expect(JSON.stringify(found)).not.toContain(line)
    }
    await rm(file)
    expect(await problemsOf(verify())).toEqual(['file-missing'])
    await symlink('trust-bundle.json', file)
    expect(await problemsOf(verify())).toContain('file-not-regular')
  })

  test('finds a key that is not the one of the certificate', async () => {
    await write()
    const file = join(directory, 'identity.json')
    const text = await readFile(file, 'utf8')
    const other = await ca.issue(reviews)
    const mixed = text.replace(
      JSON.stringify(identity.privateKeyPem),
      JSON.stringify(other.privateKeyPem),
    )
    await rm(file)
    await writeFile(file, mixed, { mode: 0o400 })
    expect(await problemsOf(verify())).toEqual(['key-mismatch'])
  })
})

describe('isTmpfs', () => {
  test('of /dev/shm, and of what may come to be in it, yes; of /proc, no', async () => {
    expect(await isTmpfs('/dev/shm')).toBe(true)
    expect(await isTmpfs('/dev/shm/pxt-not-there/yet')).toBe(true)
    expect(await isTmpfs('/proc')).toBe(false)
  })
})
