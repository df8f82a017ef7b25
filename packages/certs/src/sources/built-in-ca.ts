import { CertsError } from '../error.ts'
import { type IdentitySource } from '../identity/source.ts'
import { parseTrustDomain, spiffeIdParts, type SpiffeId } from '../identity/spiffe-id.ts'
import { createWorkloadIdentity, type WorkloadIdentity } from '../identity/workload-identity.ts'
import { issueLeaf, validityOf, type Signer, type Validity } from '../x509/issue.ts'
import { openCaState } from './ca-state.ts'

/** Options of {@link builtInCa}. */
export interface BuiltInCaOptions {
  /**
   * Directory that holds the root: `root.pem` (certificate and key, 0600) and a copy of the
   * certificate, `root-cert.pem`. It must belong to this process's user; mode 0700 is set.
   */
  readonly stateDirectory: string
  /** Trust domain of every identity, such as `cluster.local`. The root is bound to it. */
  readonly trustDomain: string
  /** How long a leaf is valid, ms. Default 24 h, as Istio's; at least 10 s. */
  readonly leafLifetimeMs?: number
  /** How long a new root is valid, ms. Default ten years; a root that exists stays as it is. */
  readonly rootLifetimeMs?: number
  /** How far back certificates are dated for peers whose clock is slow, ms. Default 5 min. */
  readonly clockSkewMs?: number
  /** The clock. */
  readonly now: () => Date
}

/** A source that signs identities itself, for nodes without a mesh. */
export interface BuiltInCa extends IdentitySource {
  /** Trust domain of every identity. */
  readonly trustDomain: string
  /** Until when the root is valid; no leaf outlives it. */
  readonly rootNotAfter: Date
  /** Whether this call made the root, which is so once in the life of the state directory. */
  readonly rootCreated: boolean
}

const minute = 60_000
const day = 24 * 60 * minute
const defaultLeafLifetimeMs = day
const defaultRootLifetimeMs = 3650 * day
const defaultClockSkewMs = 5 * minute

/**
 * Opens the CA in its directory, and makes its root on the first start.
 *
 * Each `issue` makes a new P-256 key in memory. Throws, beside what is wrong with the directory
 * (`ca-state-insecure`, `ca-state-damaged`, `ca-state-mismatch`, `directory-insecure`,
 * `write-failed`), `spiffe-id-invalid` and `lifetime-invalid` for the options; `issue` throws
 * `trust-domain-mismatch`, `spiffe-id-invalid`, `ca-expired` and `certificate-not-yet-valid`.
 */
export async function builtInCa(options: BuiltInCaOptions): Promise<BuiltInCa> {
  const trustDomain = parseTrustDomain(options.trustDomain)
  const leafLifetimeMs = lifetime('leafLifetimeMs', options.leafLifetimeMs ?? defaultLeafLifetimeMs)
  const rootLifetimeMs = lifetime('rootLifetimeMs', options.rootLifetimeMs ?? defaultRootLifetimeMs)
  const clockSkewMs = options.clockSkewMs ?? defaultClockSkewMs
  if (!(clockSkewMs >= 0 && clockSkewMs <= day)) throw lifetimeInvalid('clockSkewMs', '0 to 1 day')
  const start = options.now().getTime()
  const root = await openCaState({
    stateDirectory: options.stateDirectory,
    trustDomain,
    validity: validityOf(start - clockSkewMs, start + rootLifetimeMs),
  })
  const { signer } = root
  return {
    name: 'built-in',
    trustDomain,
    rootNotAfter: root.notAfter,
    rootCreated: root.created,
    async issue(id, { signal } = {}): Promise<WorkloadIdentity> {
      signal?.throwIfAborted()
      checkId(id, trustDomain)
      const now = options.now()
      const validity = leafValidity(root, now, { leafLifetimeMs, clockSkewMs })
      return signLeaf(signer, id, validity, now)
    },
    trustBundle: () => Promise.resolve(signer.certificatePem),
  }
}

async function signLeaf(
  signer: Signer,
  spiffeId: SpiffeId,
  validity: Validity,
  now: Date,
): Promise<WorkloadIdentity> {
  const leaf = await issueLeaf(signer, spiffeId, validity)
  return createWorkloadIdentity({
    spiffeId,
    serialNumber: leaf.serialNumber,
    ...validity,
    issuedAt: now,
    certificateChainPem: leaf.certificatePem,
    privateKeyPem: leaf.privateKeyPem,
    trustBundlePem: signer.certificatePem,
  })
}

function leafValidity(
  root: Validity,
  now: Date,
  { leafLifetimeMs, clockSkewMs }: { leafLifetimeMs: number; clockSkewMs: number },
): Validity {
  if (now > root.notAfter) {
    throw new CertsError(
      'ca-expired',
      `issue identity: the root of the built-in CA expired at ${root.notAfter.toISOString()}; remove its state directory to start a new root`,
    )
  }
  if (now < root.notBefore) {
    throw new CertsError(
      'certificate-not-yet-valid',
      `issue identity: the root of the built-in CA is valid from ${root.notBefore.toISOString()} only, and now is ${now.toISOString()}; check the clock of this node`,
    )
  }
  const notBefore = Math.max(now.getTime() - clockSkewMs, root.notBefore.getTime())
  const notAfter = Math.min(now.getTime() + leafLifetimeMs, root.notAfter.getTime())
  return validityOf(notBefore, notAfter)
}

function checkId(id: SpiffeId, trustDomain: string): void {
  const parts = spiffeIdParts(id)
  if (parts.trustDomain !== trustDomain) {
    throw new CertsError(
      'trust-domain-mismatch',
      `issue identity: ${id} is not in the trust domain ${trustDomain} of the built-in CA`,
    )
  }
  if (parts.path === '') {
    throw new CertsError(
      'spiffe-id-invalid',
      `issue identity: ${id} names a trust domain, not a workload; add a path`,
    )
  }
}

function lifetime(option: string, value: number): number {
  if (value >= 10_000 && value <= 100 * 366 * day) return value
  throw lifetimeInvalid(option, '10 seconds to 100 years')
}

function lifetimeInvalid(option: string, range: string): CertsError {
  return new CertsError('lifetime-invalid', `open built-in CA: ${option} must be ${range}, in ms`)
}
