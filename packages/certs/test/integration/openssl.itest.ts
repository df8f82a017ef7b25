import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createNetns, createTempDir, eventually, run, type TempDir } from '@proxy/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtInCa, workloadSpiffeId, type WorkloadIdentity } from '../../src/index.ts'

let temp: TempDir
const path = (name: string): string => join(temp.path, name)

beforeAll(async () => {
  temp = await createTempDir('openssl')
  const ca = await builtInCa({
    stateDirectory: path('ca'),
    trustDomain: 'cluster.local',
    now: () => new Date(),
  })
  for (const name of ['reviews', 'ratings']) {
    await put(name, await ca.issue(workloadSpiffeId('cluster.local', 'default', name)))
  }
  const stranger = await builtInCa({
    stateDirectory: path('other'),
    trustDomain: 'cluster.local',
    now: () => new Date(),
  })
  await put('stranger', await stranger.issue(workloadSpiffeId('cluster.local', 'default', 'x')))
})

afterAll(() => temp[Symbol.asyncDispose]())

async function put(name: string, identity: WorkloadIdentity): Promise<void> {
  await writeFile(path(`${name}.pem`), identity.certificateChainPem)
  await writeFile(path(`${name}.key`), identity.privateKeyPem, { mode: 0o600 })
  await writeFile(path(`${name}.root`), identity.trustBundlePem)
}

describe('openssl', () => {
  test.for(['sslserver', 'sslclient'])('verifies a leaf strictly as %s', async (purpose) => {
    const verify = (root: string): ReturnType<typeof run> =>
      run([
        ...(['openssl', 'verify', '-x509_strict', '-check_ss_sig', '-purpose', purpose] as const),
        ...['-CAfile', path(`${root}.root`), path('reviews.pem')],
      ])
    expect(await verify('reviews')).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await verify('stranger')).exitCode).not.toBe(0)
  })

  test('prints the extensions that an X.509-SVID must have', async () => {
    const { stdout } = await run([
      ...(['openssl', 'x509', '-noout', '-subject', '-in', path('reviews.pem'), '-ext'] as const),
      'basicConstraints,keyUsage,extendedKeyUsage,subjectAltName,subjectKeyIdentifier,authorityKeyIdentifier',
    ])
    const shown = stdout.replaceAll(/(?:[0-9A-F]{2}:){19}[0-9A-F]{2}/g, '<20 octets>')
    await expect(shown).toMatchFileSnapshot('../golden/leaf-extensions.txt')
  })

  test('shakes hands with itself, each side with an identity of ours', async () => {
    await using netns = await createNetns('openssl')
    await using server = await netns.spawn([
      ...(['openssl', 's_server', '-accept', '127.0.0.1:4433', '-quiet', '-Verify', '2'] as const),
      ...['-verify_return_error', '-cert', path('reviews.pem'), '-key', path('reviews.key')],
      ...['-CAfile', path('reviews.root')],
    ])
    const connect = (name: string): ReturnType<typeof run> =>
      netns.run([
        ...(['openssl', 's_client', '-connect', '127.0.0.1:4433', '-brief'] as const),
        ...['-verify_return_error', '-cert', path(`${name}.pem`), '-key', path(`${name}.key`)],
        ...['-CAfile', path('reviews.root')],
      ])
    const ratings = await eventually(async () => {
      const done = await connect('ratings')
      expect(done.stderr).toContain('CONNECTION ESTABLISHED')
      return done
    })
    expect(ratings.stderr).toContain('Verification: OK')
    await connect('stranger')
    await eventually(() => expect(server.output().stderr).toContain('verify failed'))
  })
})
