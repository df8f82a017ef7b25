import { createPrivateKey } from 'node:crypto'
import { type IdentitySource } from '../identity/source.ts'
import { createWorkloadIdentity } from '../identity/workload-identity.ts'
import { issueLeaf, issueRoot, signerOf, validityOf } from '../x509/issue.ts'

/** Options of {@link memoryCa}. */
export interface MemoryCaOptions {
  /** Trust domain of the root. Default `cluster.local`. */
  readonly trustDomain?: string
  /** How long a leaf is valid, ms. Default one hour. */
  readonly leafLifetimeMs?: number
  /** The clock. Default the system's. */
  readonly now?: () => Date
}

const hour = 60 * 60_000

/** A CA without a directory, for tests: real certificates under a root made for this call. */
export async function memoryCa(options: MemoryCaOptions = {}): Promise<IdentitySource> {
  const { trustDomain = 'cluster.local', leafLifetimeMs = hour, now = () => new Date() } = options
  const start = now().getTime()
  const root = await issueRoot(trustDomain, validityOf(start - hour, start + 24 * 365 * hour))
  const der = createPrivateKey(root.privateKeyPem).export({ type: 'pkcs8', format: 'der' })
  const signer = await signerOf(root.certificatePem, der)
  return {
    name: 'memory',
    async issue(spiffeId) {
      const issuedAt = now()
      const validity = validityOf(issuedAt.getTime(), issuedAt.getTime() + leafLifetimeMs)
      const leaf = await issueLeaf(signer, spiffeId, validity)
      return createWorkloadIdentity({
        spiffeId,
        serialNumber: leaf.serialNumber,
        ...validity,
        issuedAt,
        certificateChainPem: leaf.certificatePem,
        privateKeyPem: leaf.privateKeyPem,
        trustBundlePem: root.certificatePem,
      })
    },
    trustBundle: () => Promise.resolve(root.certificatePem),
  }
}
