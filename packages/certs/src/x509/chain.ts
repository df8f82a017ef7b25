import { CertsError, type CertsErrorCode } from '../error.ts'
import { type Certificate } from './certificate.ts'

/**
 * Checks that a chain, leaf first, leads to a root of the bundle, and that each certificate on the
 * way is valid at `now` and may sign the one before it.
 *
 * Throws `chain-broken`, `chain-untrusted`, `issuer-not-ca`, `certificate-expired` or
 * `certificate-not-yet-valid`.
 */
export function checkChain(
  chain: readonly Certificate[],
  roots: readonly Certificate[],
  now: Date,
): void {
  for (const certificate of chain) checkDates(certificate, now)
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1]
    if (issuer === undefined) break
    if (!signedBy(certificate, issuer)) {
      throw failure(
        'chain-broken',
        certificate,
        `is not signed by the next one, "${nameOf(issuer)}"; order the file leaf first, then each issuer`,
      )
    }
    checkIssuer(issuer, index)
  }
  anchor(chain, roots, now)
}

/** Throws `certificate-expired` or `certificate-not-yet-valid`. */
function checkDates(certificate: Certificate, now: Date): void {
  if (now < certificate.notBefore) {
    throw failure(
      'certificate-not-yet-valid',
      certificate,
      `is valid from ${certificate.notBefore.toISOString()} only, and now is ${now.toISOString()}; check the clock of this node`,
    )
  }
  if (now > certificate.notAfter) {
    throw failure(
      'certificate-expired',
      certificate,
      `expired at ${certificate.notAfter.toISOString()}, and now is ${now.toISOString()}; replace it`,
    )
  }
}

/** Finds a root that is in the chain or has signed one of it. */
function anchor(chain: readonly Certificate[], roots: readonly Certificate[], now: Date): void {
  for (const [index, certificate] of chain.entries()) {
    if (index > 0 && roots.some((root) => root.x509.raw.equals(certificate.x509.raw))) return
    const root = roots.find((candidate) => signedBy(certificate, candidate))
    if (root === undefined) continue
    checkDates(root, now)
    checkIssuer(root, index)
    return
  }
  const [last] = chain.slice(-1)
  const [root] = roots
  if (last === undefined || root === undefined) {
    throw new CertsError('chain-broken', 'check certificate chain: no certificate')
  }
  throw failure(
    'chain-untrusted',
    last,
    `leads to no root in ${root.file}; put the root of "${last.x509.issuer}" there, or the missing intermediate into the chain`,
  )
}

function signedBy(certificate: Certificate, issuer: Certificate): boolean {
  return (
    certificate.x509.issuer === issuer.x509.subject && certificate.x509.verify(issuer.publicKey)
  )
}

/** `below` is how many certificates other than the leaf stand under this issuer. */
function checkIssuer(issuer: Certificate, below: number): void {
  if (!issuer.ca) {
    throw failure('issuer-not-ca', issuer, 'signed another one but is no CA; use a CA certificate')
  }
  if (issuer.keyUsage?.keyCertSign === false) {
    throw failure(
      'issuer-not-ca',
      issuer,
      'may not sign certificates; its key usage lacks keyCertSign',
    )
  }
  if (issuer.pathLength !== undefined && below > issuer.pathLength) {
    throw failure(
      'issuer-not-ca',
      issuer,
      `allows ${issuer.pathLength} CAs below itself, and the chain has ${below}`,
    )
  }
}

function nameOf(certificate: Certificate): string {
  return certificate.x509.subject === '' ? 'no subject' : certificate.x509.subject.slice(0, 120)
}

/** An error that says which certificate of which file it is about. */
export function failure(
  code: CertsErrorCode,
  certificate: Certificate,
  problem: string,
): CertsError {
  const { file, position } = certificate
  return new CertsError(code, `check ${file}: certificate ${position} ${problem}`, { file })
}
