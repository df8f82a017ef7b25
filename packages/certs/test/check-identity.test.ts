import 'reflect-metadata'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { Extension, KeyUsageFlags } from '@peculiar/x509'
import { beforeAll, describe, expect, test } from 'vitest'
import { checkIdentity, type CertsErrorCode, type WorkloadIdentity } from '../src/index.ts'
import {
  at,
  clientAuth,
  make,
  makeFiles,
  makeLeaf,
  makeRoot,
  reviews,
  serverAuth,
  type Made,
  type ThreeFiles,
} from './fixtures/certificates.ts'

let root: Made
let leaf: Made
let good: ThreeFiles
const files = {
  chain: '/certs/cert-chain.pem',
  key: '/certs/key.pem',
  bundle: '/certs/root-cert.pem',
}

beforeAll(async () => {
  root = await makeRoot()
  leaf = await makeLeaf(root)
  good = { chain: leaf.certPem, key: leaf.keyPem, bundle: root.certPem }
})

function check(parts: Partial<ThreeFiles> = {}, now = at): WorkloadIdentity {
  const texts = { ...good, ...parts }
  return checkIdentity(
    {
      chain: { text: texts.chain, file: files.chain },
      key: { text: texts.key, file: files.key },
      bundle: { text: texts.bundle, file: files.bundle },
    },
    now,
  )
}

function caught(parts: Partial<ThreeFiles>, now?: Date): Error & { code: string } {
  try {
    check(parts, now)
  } catch (error) {
    return error as Error & { code: string }
  }
  throw new Error('nothing was thrown')
}

describe('accepts', () => {
  test('a leaf under a root', () => {
    const identity = check()
    expect(identity.spiffeId).toBe(reviews)
    expect(identity.notAfter).toEqual(new Date(at.getTime() + 3_600_000))
    expect(identity.certificateChainPem).toBe(leaf.certPem)
    expect(identity.trustBundlePem).toBe(root.certPem)
  })

  test('an intermediate, the root after it, text around the blocks and CRLF', async () => {
    const intermediate = await makeRoot({ name: 'CN=intermediate', issuer: root, pathLength: 0 })
    const under = await makeLeaf(intermediate)
    const chain = `bag attributes\n${under.certPem}\n# next\n${intermediate.certPem}${root.certPem}`
    const identity = check({ chain: chain.replaceAll('\n', '\r\n'), key: under.keyPem })
    expect(identity.certificateChainPem).toBe(
      `${under.certPem}${intermediate.certPem}${root.certPem}`,
    )
  })

  test('an intermediate as trust anchor', async () => {
    const intermediate = await makeRoot({ name: 'CN=intermediate', issuer: root })
    const under = await makeLeaf(intermediate)
    expect(
      check({ chain: under.certPem, key: under.keyPem, bundle: intermediate.certPem }).spiffeId,
    ).toBe(reviews)
  })

  test('an expired root beside the one in use, of the same name too', async () => {
    const old = await makeRoot({ notAfter: new Date(at.getTime() - 1000) })
    expect(check({ bundle: `${old.certPem}${root.certPem}` }).spiffeId).toBe(reviews)
  })

  test('DNS names beside the SPIFFE id', async () => {
    const named = await makeFiles(root, { dns: ['reviews.default.svc'] })
    expect(check(named).spiffeId).toBe(reviews)
  })

  test('a SEC1 EC key with its parameters, and an RSA key', async () => {
    const sec1 = createPrivateKey(leaf.keyPem).export({ type: 'sec1', format: 'pem' }).toString()
    const parameters =
      '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
    expect(check({ key: parameters + sec1 }).privateKeyPem).toBe(leaf.keyPem)
    const rsa = await makeFiles(root, {
      algorithm: {
        name: 'RSASSA-PKCS1-v1_5',
        hash: 'SHA-256',
        modulusLength: 2048,
        publicExponent: new Uint8Array([1, 0, 1]),
      },
    })
    expect(check(rsa).spiffeId).toBe(reviews)
  })

  test('the first and the last moment of the validity', () => {
    expect(check({}, new Date(at.getTime() - 3_600_000)).spiffeId).toBe(reviews)
    expect(check({}, new Date(at.getTime() + 3_600_000)).spiffeId).toBe(reviews)
  })
})

type Case = readonly [
  name: string,
  code: CertsErrorCode,
  file: keyof ThreeFiles,
  parts: () => Partial<ThreeFiles> | Promise<Partial<ThreeFiles>>,
]

const leafWith = async (options: Parameters<typeof makeLeaf>[1]): Promise<ThreeFiles> =>
  makeFiles(root, options)

const cases: readonly Case[] = [
  ['an empty chain', 'pem-invalid', 'chain', () => ({ chain: '' })],
  ['garbage as chain', 'pem-invalid', 'chain', () => ({ chain: '\0\u0001garbage' })],
  ['a chain cut off', 'pem-invalid', 'chain', () => ({ chain: good.chain.slice(0, 300) })],
  [
    'a second certificate cut off',
    'pem-invalid',
    'chain',
    () => ({ chain: good.chain + root.certPem.slice(0, 200) }),
  ],
  ['a key in the chain', 'pem-invalid', 'chain', () => ({ chain: good.chain + good.key })],
  ['a key in the bundle', 'pem-invalid', 'bundle', () => ({ bundle: good.bundle + good.key })],
  ['an empty bundle', 'pem-invalid', 'bundle', () => ({ bundle: '\n' })],
  ['11 certificates', 'pem-invalid', 'chain', () => ({ chain: good.chain.repeat(11) })],
  ['an empty key', 'pem-invalid', 'key', () => ({ key: '' })],
  ['a certificate as key', 'pem-invalid', 'key', () => ({ key: good.chain })],
  ['two keys', 'pem-invalid', 'key', () => ({ key: good.key + good.key })],
  ['an encrypted key', 'pem-invalid', 'key', () => ({ key: encryptedKey() })],
  [
    'garbage in the block of the key',
    'key-invalid',
    'key',
    () => ({ key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' }),
  ],
  [
    'garbage in the block of a certificate',
    'certificate-invalid',
    'chain',
    () => ({ chain: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }),
  ],
  [
    'a critical extension nobody knows',
    'certificate-invalid',
    'chain',
    () => leafWith({ extensions: [new Extension('1.2.3.4.5', true, new Uint8Array([5, 0]))] }),
  ],
  ['another key', 'key-mismatch', 'key', async () => ({ key: (await makeLeaf(root)).keyPem })],
  ['an Ed25519 key', 'key-unsupported', 'key', () => leafWith({ algorithm: { name: 'Ed25519' } })],
  ['an RSA key of 1024 bits', 'key-unsupported', 'key', () => ({ key: smallRsa() })],
  [
    'an expired leaf',
    'certificate-expired',
    'chain',
    () => leafWith({ notAfter: new Date(at.getTime() - 1000) }),
  ],
  [
    'a leaf of tomorrow',
    'certificate-not-yet-valid',
    'chain',
    () => leafWith({ notBefore: new Date(at.getTime() + 1000) }),
  ],
  [
    'an expired intermediate',
    'certificate-expired',
    'chain',
    () => underIntermediate({ notAfter: new Date(at.getTime() - 1000) }),
  ],
  [
    'an expired root',
    'certificate-expired',
    'bundle',
    async () => makeFiles(await makeRoot({ notAfter: new Date(at.getTime() - 1000) })),
  ],
  ['a CA as leaf', 'leaf-is-ca', 'chain', () => leafWith({ ca: true })],
  [
    'a leaf that may sign certificates',
    'leaf-is-ca',
    'chain',
    () => leafWith({ keyUsage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign }),
  ],
  [
    'a leaf that may not sign handshakes',
    'key-usage-invalid',
    'chain',
    () => leafWith({ keyUsage: KeyUsageFlags.keyEncipherment }),
  ],
  [
    'a leaf for servers only',
    'key-usage-invalid',
    'chain',
    () => leafWith({ extendedKeyUsage: [serverAuth] }),
  ],
  [
    'a leaf for clients only',
    'key-usage-invalid',
    'chain',
    () => leafWith({ extendedKeyUsage: [clientAuth] }),
  ],
  ['no URI name', 'spiffe-id-missing', 'chain', () => leafWith({ uris: [], dns: ['a.b'] })],
  [
    'two URI names',
    'spiffe-id-ambiguous',
    'chain',
    () => leafWith({ uris: [reviews, 'spiffe://cluster.local/ns/default/sa/admin'] }),
  ],
  [
    'a SPIFFE id and a URL',
    'spiffe-id-ambiguous',
    'chain',
    () => leafWith({ uris: [reviews, 'https://example.com'] }),
  ],
  ['a URL', 'spiffe-id-invalid', 'chain', () => leafWith({ uris: ['https://example.com/a'] })],
  [
    'a dot segment in the SPIFFE id',
    'spiffe-id-invalid',
    'chain',
    () => leafWith({ uris: ['spiffe://cluster.local/ns/x/../y'] }),
  ],
  [
    'a trust domain as SPIFFE id of a leaf',
    'spiffe-id-invalid',
    'chain',
    () => leafWith({ uris: ['spiffe://cluster.local'] }),
  ],
  [
    'a SPIFFE id of 8 KB',
    'spiffe-id-invalid',
    'chain',
    () => leafWith({ uris: [`spiffe://td/${'a'.repeat(8192)}`] }),
  ],
  [
    'another root of the same name',
    'chain-untrusted',
    'chain',
    async () => ({ bundle: (await makeRoot()).certPem }),
  ],
  [
    'a missing intermediate',
    'chain-untrusted',
    'chain',
    async () => {
      const { chain, ...rest } = await underIntermediate({})
      return { ...rest, chain: chain.slice(0, chain.indexOf('-----END') + 26) }
    },
  ],
  [
    'an intermediate that is no CA',
    'issuer-not-ca',
    'chain',
    () => underIntermediate({ ca: false }),
  ],
  [
    'an intermediate that may not sign',
    'issuer-not-ca',
    'chain',
    () => underIntermediate({ keyUsage: KeyUsageFlags.digitalSignature }),
  ],
  [
    'a root that allows no intermediate',
    'issuer-not-ca',
    'bundle',
    async () => underIntermediate({}, await makeRoot({ pathLength: 0 })),
  ],
  ['a leaf in the bundle', 'issuer-not-ca', 'bundle', () => ({ bundle: good.bundle + good.chain })],
  [
    'certificates in the wrong order',
    'chain-broken',
    'chain',
    async () => {
      const other = await makeRoot({ name: 'CN=other' })
      return { chain: good.chain + other.certPem + root.certPem }
    },
  ],
]

async function underIntermediate(
  options: Parameters<typeof makeRoot>[0],
  issuer = root,
): Promise<ThreeFiles> {
  const intermediate = await makeRoot({ name: 'CN=intermediate', issuer, ...options })
  const under = await makeLeaf(intermediate)
  return {
    chain: under.certPem + intermediate.certPem,
    key: under.keyPem,
    bundle: issuer.certPem,
  }
}

function encryptedKey(): string {
  return createPrivateKey(leaf.keyPem)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' })
    .toString()
}

function smallRsa(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

describe('refuses', () => {
  test.for(cases)('%s: %s', async ([, code, file, parts]) => {
    const given = await parts()
    const error = caught(given)
    expect(error.code).toBe(code)
    expect(error.message).toContain(files[file])
    expect(error).toHaveProperty('file', files[file])
  })

  test('every case without a line of a key in the message or the cause', async () => {
    for (const [, , , parts] of cases) {
      const given = { ...good, ...(await parts()) }
      const error = caught(given)
      const shown = [error.message, error.stack, String(error.cause), JSON.stringify(error)].join()
      for (const line of given.key.split('\n').filter((text) => /^[\w+/=]{16,}$/.test(text))) {
        expect(shown).not.toContain(line)
      }
    }
  })

  test('a certificate of another key with the name of the root', async () => {
    const forger = await makeRoot()
    expect(caught(await makeFiles(forger).then(({ chain, key }) => ({ chain, key }))).code).toBe(
      'chain-untrusted',
    )
  })

  test('a self-made leaf that is not even signed by its issuer', async () => {
    const forged = await make({ uris: [reviews], name: 'CN=leaf' })
    expect(caught({ chain: forged.certPem, key: forged.keyPem }).code).toBe('chain-untrusted')
  })
})
