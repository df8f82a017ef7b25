import { inspect } from 'node:util'
import { type SpiffeId } from './spiffe-id.ts'

/** Everything about an identity that is not secret. */
export interface IdentityFacts {
  /** Whom the certificate names. */
  readonly spiffeId: SpiffeId
  /** Serial number of the leaf, lower case hexadecimal. */
  readonly serialNumber: string
  /** From when the leaf is valid; earlier than `issuedAt` when the issuer allows for clock skew. */
  readonly notBefore: Date
  /** Until when the leaf is valid. */
  readonly notAfter: Date
  /** When the leaf was made; equals `notBefore` where the source does not know it. */
  readonly issuedAt: Date
}

/**
 * One X.509-SVID with its key and the roots to check peers with.
 *
 * `privateKeyPem` is not enumerable: it is absent from `JSON.stringify`, `util.inspect`,
 * `structuredClone` and copies made by spreading. Pass the object on itself.
 */
export interface WorkloadIdentity extends IdentityFacts {
  /** Leaf first, then intermediates. */
  readonly certificateChainPem: string
  /** PKCS#8, PEM. Secret. */
  readonly privateKeyPem: string
  /** Roots that peers are checked against. */
  readonly trustBundlePem: string
}

/** Builds the object that hides its key from printing and serialising. */
export function createWorkloadIdentity(fields: WorkloadIdentity): WorkloadIdentity {
  const { privateKeyPem, ...visible } = fields
  const shown = {
    spiffeId: visible.spiffeId,
    serialNumber: visible.serialNumber,
    notBefore: visible.notBefore,
    notAfter: visible.notAfter,
    issuedAt: visible.issuedAt,
    privateKeyPem: '[redacted]',
  }
  const identity = Object.defineProperties(visible, {
    privateKeyPem: { get: () => privateKeyPem, enumerable: false },
    toJSON: { value: () => shown, enumerable: false },
    [inspect.custom]: { value: () => shown, enumerable: false },
  })
  return Object.freeze(identity) as WorkloadIdentity
}
