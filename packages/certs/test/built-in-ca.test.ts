import { X509Certificate } from 'node:crypto'
import {
  chmod,
  link,
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
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  builtInCa,
  checkIdentity,
  parseSpiffeId,
  workloadSpiffeId,
  type BuiltInCa,
  type BuiltInCaOptions,
  type WorkloadIdentity,
} from '../src/index.ts'
import { makeRoot } from './fixtures/certificates.ts'

const start = new Date('2030-01-01T00:00:00.123Z')
const day = 86_400_000
const reviews = workloadSpiffeId('cluster.local', 'default', 'reviews')
let base: string
let stateDirectory: string
let now: Date

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pxt-certs-'))
  stateDirectory = join(base, 'agent', 'ca')
  now = start
})

afterEach(() => rm(base, { recursive: true, force: true }))

function open(options: Partial<BuiltInCaOptions> = {}): Promise<BuiltInCa> {
  return builtInCa({ stateDirectory, trustDomain: 'cluster.local', now: () => now, ...options })
}

function check({
  certificateChainPem,
  privateKeyPem,
  trustBundlePem,
}: WorkloadIdentity): WorkloadIdentity {
  return checkIdentity(
    {
      chain: { text: certificateChainPem, file: 'chain' },
      key: { text: privateKeyPem, file: 'key' },
      bundle: { text: trustBundlePem, file: 'bundle' },
    },
    now,
  )
}

async function failure(
  promise: Promise<unknown>,
): Promise<Error & { code: string; file?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error & { code: string }
  }
  throw new Error('nothing was thrown')
}

describe('issue', () => {
  test('gives an identity that passes every check, for 24 h, dated back 5 minutes', async () => {
    const identity = await (await open()).issue(reviews)
    expect(check(identity).spiffeId).toBe(reviews)
    expect(identity).toMatchObject({
      notBefore: new Date('2029-12-31T23:55:00Z'),
      notAfter: new Date('2030-01-02T00:00:00Z'),
      issuedAt: start,
    })
    const leaf = new X509Certificate(identity.certificateChainPem)
    expect(leaf.validFromDate).toEqual(identity.notBefore)
    expect(leaf.validToDate).toEqual(identity.notAfter)
    expect(leaf.serialNumber.toLowerCase()).toBe(identity.serialNumber)
    expect(identity.serialNumber).toHaveLength(32)
    expect(leaf.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
  })

  test('makes a key and a serial number of its own each time', async () => {
    const ca = await open()
    const identities = await Promise.all(Array.from({ length: 20 }, () => ca.issue(reviews)))
    expect(new Set(identities.map(({ privateKeyPem }) => privateKeyPem)).size).toBe(20)
    expect(new Set(identities.map(({ serialNumber }) => serialNumber)).size).toBe(20)
  })

  test('signs across the year 2050', async () => {
    now = new Date('2049-12-31T23:59:00Z')
    const identity = await (await open()).issue(reviews)
    expect(check(identity).notAfter).toEqual(new Date('2050-01-01T23:59:00Z'))
  })

  test('refuses another trust domain and a trust domain alone', async () => {
    const ca = await open()
    const other = await failure(ca.issue(workloadSpiffeId('other', 'default', 'reviews')))
    expect(other.code).toBe('trust-domain-mismatch')
    const bare = await failure(ca.issue(parseSpiffeId('spiffe://cluster.local')))
    expect(bare.code).toBe('spiffe-id-invalid')
  })

  test('never outlives the root, and says when the root is over or not yet begun', async () => {
    const ca = await open({ rootLifetimeMs: 2 * day })
    expect(ca.rootNotAfter).toEqual(new Date('2030-01-03T00:00:00Z'))
    now = new Date(start.getTime() + 1.5 * day)
    expect((await ca.issue(reviews)).notAfter).toEqual(ca.rootNotAfter)
    now = new Date(start.getTime() + 3 * day)
    expect((await failure(ca.issue(reviews))).code).toBe('ca-expired')
    now = new Date(start.getTime() - day)
    expect((await failure(ca.issue(reviews))).code).toBe('certificate-not-yet-valid')
  })

  test('does nothing when the signal has aborted', async () => {
    const ca = await open()
    const signal = AbortSignal.abort(new Error('stopped'))
    await expect(ca.issue(reviews, { signal })).rejects.toThrow('stopped')
  })
})

describe('options', () => {
  test.for([
    { leafLifetimeMs: 9999 },
    { leafLifetimeMs: Number.NaN },
    { leafLifetimeMs: Infinity },
    { rootLifetimeMs: -1 },
    { clockSkewMs: -1 },
    { clockSkewMs: 2 * day },
  ])('refuses %o', async (options) => {
    expect((await failure(open(options))).code).toBe('lifetime-invalid')
    await expect(stat(stateDirectory)).rejects.toThrow('ENOENT')
  })

  test('refuses what is no trust domain', async () => {
    expect((await failure(open({ trustDomain: 'Cluster/local' }))).code).toBe('spiffe-id-invalid')
  })
})

describe('state', () => {
  const root = (): string => join(stateDirectory, 'root.pem')

  test('is kept: the key for its owner only, the certificate beside it', async () => {
    const first = await open()
    expect(first.rootCreated).toBe(true)
    expect((await readdir(stateDirectory)).toSorted()).toEqual(['root-cert.pem', 'root.pem'])
    expect((await stat(stateDirectory)).mode & 0o777).toBe(0o700)
    expect((await stat(root())).mode & 0o777).toBe(0o600)
    expect((await stat(root())).nlink).toBe(1)
    const second = await open()
    expect(second.rootCreated).toBe(false)
    expect(await second.trustBundle()).toBe(await first.trustBundle())
    expect(await readFile(join(stateDirectory, 'root-cert.pem'), 'utf8')).toBe(
      await first.trustBundle(),
    )
    expect(new X509Certificate(await first.trustBundle()).subjectAltName).toBe(
      'URI:spiffe://cluster.local',
    )
  })

  test('opened twenty times at once has one root', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => open()))
    const bundles = await Promise.all(all.map((ca) => ca.trustBundle()))
    expect(new Set(bundles).size).toBe(1)
    expect(all.filter(({ rootCreated }) => rootCreated)).toHaveLength(1)
    expect(await readdir(stateDirectory)).toHaveLength(2)
  })

  test('is not replaced when it is damaged, and the error says what to do', async () => {
    await open()
    const whole = await readFile(root(), 'utf8')
    const keyStart = whole.indexOf('-----BEGIN PRIVATE KEY')
    for (const text of ['', whole.slice(0, 400), whole.slice(0, keyStart), whole.slice(keyStart)]) {
      await writeFile(root(), text)
      const error = await failure(open())
      expect(error).toMatchObject({ code: 'ca-state-damaged', file: root() })
      expect(error.message).toContain('restore it')
      expect(await readFile(root(), 'utf8')).toBe(text)
    }
  })

  test('is refused when the key does not belong to the certificate', async () => {
    await open()
    const foreign = await makeRoot()
    const text = await readFile(root(), 'utf8')
    await writeFile(root(), text.slice(0, text.indexOf('-----BEGIN PRIVATE')) + foreign.keyPem)
    expect((await failure(open())).code).toBe('ca-state-damaged')
  })

  test('is refused for another trust domain', async () => {
    await open()
    const error = await failure(open({ trustDomain: 'other' }))
    expect(error.code).toBe('ca-state-mismatch')
    expect(error.message).toContain('spiffe://cluster.local')
  })

  test('is refused when others may read it', async () => {
    await open()
    await chmod(root(), 0o640)
    expect((await failure(open())).code).toBe('ca-state-insecure')
  })

  test('closes a directory that was open to others', async () => {
    await mkdir(stateDirectory, { recursive: true, mode: 0o755 })
    await open()
    expect((await stat(stateDirectory)).mode & 0o777).toBe(0o700)
  })

  test('is refused behind a link', async () => {
    await open()
    await symlink(stateDirectory, join(base, 'link'))
    expect((await failure(open({ stateDirectory: join(base, 'link') }))).code).toBe(
      'directory-insecure',
    )
    await rm(root())
    await symlink('/etc/passwd', root())
    expect((await failure(open())).code).toBe('ca-state-damaged')
  })

  test('is put right after a crash: temporary files go, the copy of the certificate comes back', async () => {
    const first = await open()
    await link(root(), join(stateDirectory, '.root.pem.0011.tmp'))
    await writeFile(join(stateDirectory, '.root-cert.pem.0011.tmp'), 'half')
    for (const text of ['half', 'x'.repeat(100_000)]) {
      await writeFile(join(stateDirectory, 'root-cert.pem'), text)
      await open()
      expect((await readdir(stateDirectory)).toSorted()).toEqual(['root-cert.pem', 'root.pem'])
      expect(await readFile(join(stateDirectory, 'root-cert.pem'), 'utf8')).toBe(
        await first.trustBundle(),
      )
    }
  })

  test('starts with temporary files of a crash before the first root', async () => {
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
    await writeFile(join(stateDirectory, '.root.pem.0011.tmp'), 'half a ke')
    expect((await open()).rootCreated).toBe(true)
    expect(await readdir(stateDirectory)).toHaveLength(2)
  })

  test('never appears in an error', async () => {
    await open()
    const text = await readFile(root(), 'utf8')
    const lines = text.slice(text.indexOf('-----BEGIN PRIVATE')).split('\n').slice(1, 3)
    await writeFile(root(), text.replace(/-----BEGIN CERTIFICATE[^]*?\n.{20}/, '$&AAAA'))
    const error = await failure(open())
    const shown = [error.message, error.stack, String(error.cause), JSON.stringify(error)].join()
    for (const line of lines) expect(shown).not.toContain(line)
  })
})
