import { createPrivateKey, type KeyObject } from 'node:crypto'
import { CertsError } from '../error.ts'
import { parseSpiffeId, spiffeIdParts, type SpiffeId } from '../identity/spiffe-id.ts'
import { createWorkloadIdentity, type WorkloadIdentity } from '../identity/workload-identity.ts'
import { parseCertificate, type Certificate } from './certificate.ts'
import { checkChain, failure } from './chain.ts'
import { certificateBlocks, privateKeyBlock, type PemInput } from './pem.ts'

/** What an identity is made of before anything is known about it. */
export interface IdentityInput {
  /** Leaf first, then intermediates; the root may follow. */
  readonly chain: PemInput
  /** The leaf's private key. */
  readonly key: PemInput
  /** Roots that the own chain and peers are checked against. */
  readonly bundle: PemInput
}

const maxChainCertificates = 10
const maxBundleCertificates = 200
const serverAuth = '1.3.6.1.5.5.7.3.1'
const clientAuth = '1.3.6.1.5.5.7.3.2'
const supportedCurves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])
const minRsaBits = 2048

/**
 * Checks a chain, a key and a trust bundle against each other, against the X.509-SVID standard and
 * against what Envoy can load, and makes an identity of them.
 *
 * Throws a `CertsError` with a code of its own for each way this can fail.
 * https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md
 */
export function checkIdentity(input: IdentityInput, now: Date): WorkloadIdentity {
  const [leafPem, ...restPem] = certificateBlocks(input.chain, maxChainCertificates)
  const leaf = parseCertificate(leafPem, input.chain.file, 1)
  const rest = restPem.map((pem, index) => parseCertificate(pem, input.chain.file, index + 2))
  const roots = certificateBlocks(input.bundle, maxBundleCertificates).map((pem, index) =>
    parseCertificate(pem, input.bundle.file, index + 1),
  )
  const key = parseKey(input.key)
  if (!leaf.x509.checkPrivateKey(key)) {
    throw new CertsError(
      'key-mismatch',
      `check ${input.key.file}: the key does not belong to the first certificate of ${input.chain.file}; replace both together`,
      { file: input.key.file },
    )
  }
  checkLeaf(leaf)
  for (const root of roots) {
    if (!root.ca) throw failure('issuer-not-ca', root, 'is no CA; only roots belong into this file')
  }
  const spiffeId = leafSpiffeId(leaf)
  checkChain([leaf, ...rest], roots, now)
  return createWorkloadIdentity({
    spiffeId,
    serialNumber: leaf.x509.serialNumber.toLowerCase(),
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    issuedAt: leaf.notBefore,
    certificateChainPem: [leaf, ...rest].map(({ pem }) => pem).join(''),
    privateKeyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    trustBundlePem: roots.map(({ pem }) => pem).join(''),
  })
}

/** The SPIFFE id of a leaf. Throws `spiffe-id-missing`, `-ambiguous` or `-invalid`. */
function leafSpiffeId(leaf: Certificate): SpiffeId {
  const [uri, ...others] = leaf.uris
  if (uri === undefined) {
    throw failure(
      'spiffe-id-missing',
      leaf,
      'has no URI name; issue it with spiffe://<trust domain>/ns/<namespace>/sa/<service account>',
    )
  }
  if (others.length > 0) {
    throw failure(
      'spiffe-id-ambiguous',
      leaf,
      `has ${leaf.uris.length} URI names; keep exactly one`,
    )
  }
  try {
    const id = parseSpiffeId(uri)
    if (spiffeIdParts(id).path !== '') return id
  } catch (error) {
    if (!(error instanceof CertsError)) throw error
    throw new CertsError(error.code, `check ${leaf.file}: ${error.message}`, {
      cause: error,
      file: leaf.file,
    })
  }
  throw failure('spiffe-id-invalid', leaf, 'names a trust domain, not a workload; add a path')
}

function checkLeaf(leaf: Certificate): void {
  if (leaf.ca) throw failure('leaf-is-ca', leaf, 'is a CA; put the leaf of the workload first')
  const { keyUsage, extendedKeyUsage } = leaf
  if (keyUsage?.keyCertSign === true || keyUsage?.crlSign === true) {
    throw failure('leaf-is-ca', leaf, 'may sign certificates or revocation lists; issue it without')
  }
  if (keyUsage?.digitalSignature === false) {
    throw failure('key-usage-invalid', leaf, 'lacks the key usage digitalSignature')
  }
  if (extendedKeyUsage === undefined) return
  for (const usage of [serverAuth, clientAuth]) {
    if (!extendedKeyUsage.includes(usage)) {
      throw failure(
        'key-usage-invalid',
        leaf,
        'lacks one of the extended key usages serverAuth and clientAuth; a sidecar needs both',
      )
    }
  }
}

function parseKey(input: PemInput): KeyObject {
  const pem = privateKeyBlock(input)
  const key = createKey(pem, input.file)
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const supported =
    (key.asymmetricKeyType === 'ec' && supportedCurves.has(namedCurve ?? '')) ||
    (key.asymmetricKeyType === 'rsa' && (modulusLength ?? 0) >= minRsaBits)
  if (supported) return key
  throw new CertsError(
    'key-unsupported',
    `check ${input.file}: Envoy cannot use this key; make a P-256, P-384, P-521 or RSA key of at least ${minRsaBits} bits`,
    { file: input.file },
  )
}

function createKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    throw new CertsError(
      'key-invalid',
      `read ${file}: not a private key; write the file again, whole`,
      {
        cause: error,
        file,
      },
    )
  }
}
