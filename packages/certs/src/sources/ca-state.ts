import { createPrivateKey, type X509Certificate } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CertsError, systemCode } from '../error.ts'
import { createFile, removeTemporaries, replaceFile } from '../files/atomic-file.ts'
import {
  currentOwner,
  makePrivateDirectory,
  type PrivateDirectory,
} from '../files/private-directory.ts'
import { readBounded } from '../files/read-bounded.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { issueRoot, signerOf, type Signer, type Validity } from '../x509/issue.ts'

/** The root of a built-in CA, loaded and checked. */
export interface CaRoot extends Validity {
  /** Signs leaves. */
  readonly signer: Signer
  /** Whether this call made it. */
  readonly created: boolean
}

/** Options of {@link openCaState}. */
export interface CaStateOptions {
  /** Directory that is the CA's own. Made with mode 0700 when absent, parents included. */
  readonly stateDirectory: string
  /** Trust domain that the root must name. */
  readonly trustDomain: string
  /** Validity of a root that has to be made. */
  readonly validity: Validity
}

/** Key and certificate in one file: they cannot get out of step. */
const rootFile = 'root.pem'
/** Copy of the certificate alone, for people and other tools. */
const certificateFile = 'root-cert.pem'
const maxRootBytes = 64 * 1024

/**
 * Loads the root of the CA, or makes one. Two processes that start at once end up with the same
 * root, and a crash at any point leaves no root or a whole one.
 *
 * Throws `ca-state-insecure`, `ca-state-damaged`, `ca-state-mismatch`, `directory-insecure` or
 * `write-failed`. A root that cannot be used is never replaced: every pod trusts it.
 */
export async function openCaState(options: CaStateOptions): Promise<CaRoot> {
  const { stateDirectory, trustDomain } = options
  await makeParents(stateDirectory)
  await using directory = await makePrivateDirectory(stateDirectory, currentOwner())
  const existing = await load(directory, stateDirectory, trustDomain)
  const root = existing ?? (await create(directory, options))
  // Safe now that there is a root: whoever loses a temporary file to this loads that root.
  await removeTemporaries(directory, rootFile)
  await publish(directory, root.signer.certificatePem)
  return root
}

async function makeParents(stateDirectory: string): Promise<void> {
  const parent = dirname(stateDirectory)
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new CertsError(
      'write-failed',
      `make ${parent}: ${systemCode(error) ?? 'unknown error'}; check its permissions`,
      { cause: error, file: parent },
    )
  }
}

async function create(directory: PrivateDirectory, options: CaStateOptions): Promise<CaRoot> {
  const { stateDirectory, trustDomain, validity } = options
  const { certificatePem, privateKeyPem } = await issueRoot(trustDomain, validity)
  const text = `${certificatePem}${privateKeyPem}`
  const created = await createFile(directory, { name: rootFile, text, mode: 0o600 })
  const root = await load(directory, stateDirectory, trustDomain)
  if (root !== undefined) return { ...root, created }
  throw damaged(join(stateDirectory, rootFile), 'disappeared while it was made; start again')
}

async function load(
  directory: PrivateDirectory,
  stateDirectory: string,
  trustDomain: string,
): Promise<CaRoot | undefined> {
  const file = join(stateDirectory, rootFile)
  const text = await readState(directory, rootFile, file)
  if (text === undefined) return undefined
  const [certificatePem] =
    /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(text) ?? []
  const [keyPem] = /-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----/.exec(text) ?? []
  if (certificatePem === undefined || keyPem === undefined) {
    throw damaged(file, 'does not hold a certificate and a key, whole')
  }
  const certificate = parsed(() => parseCertificate(certificatePem, file, 1), file)
  const key = parsed(() => createPrivateKey(keyPem), file)
  if (!certificate.x509.checkPrivateKey(key) || !selfSigned(certificate.x509) || !certificate.ca) {
    throw damaged(file, 'holds a certificate that is no root of the key beside it')
  }
  if (!certificate.uris.includes(`spiffe://${trustDomain}`)) {
    throw new CertsError(
      'ca-state-mismatch',
      `open built-in CA: ${file} is the root of ${certificate.uris.join(' ') || 'no trust domain'}, not of spiffe://${trustDomain}; use its trust domain or another state directory`,
      { file },
    )
  }
  const der = key.export({ type: 'pkcs8', format: 'der' })
  try {
    const signer = await signerOf(certificate.pem, der)
    return {
      signer,
      created: false,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
    }
  } catch (error) {
    throw damaged(file, 'holds a key that is not P-256', error)
  } finally {
    der.fill(0)
  }
}

/** Reads a file of the state that must be ours alone; undefined when there is none. */
async function readState(
  directory: PrivateDirectory,
  name: string,
  file: string,
): Promise<string | undefined> {
  try {
    return await readBounded(`${directory.path}/${name}`, {
      maxBytes: maxRootBytes,
      followLink: false,
      check: ({ uid, mode }) => {
        const own = currentOwner().uid
        if (uid === own && (mode & 0o077) === 0) return
        throw new CertsError(
          'ca-state-insecure',
          `open built-in CA: others than uid ${own} may use ${file}; if nobody has read its key, run chown ${own} and chmod 600 on it, else remove it to start a new root`,
          { file },
        )
      },
    })
  } catch (error) {
    if (!(error instanceof CertsError)) throw error
    if (error.code === 'file-missing') return undefined
    if (error.code === 'ca-state-insecure') throw error
    throw damaged(file, `cannot be read (${error.code})`, error)
  }
}

/** Makes or repairs the copy of the certificate. */
async function publish(directory: PrivateDirectory, certificatePem: string): Promise<void> {
  if (!(await isPublished(directory, certificatePem))) {
    try {
      await replaceFile(directory, { name: certificateFile, text: certificatePem, mode: 0o644 })
    } catch (error) {
      // Another process, done with the same, may have cleaned up our temporary file.
      if (!(await isPublished(directory, certificatePem))) throw error
    }
  }
  await removeTemporaries(directory, certificateFile)
}

async function isPublished(directory: PrivateDirectory, certificatePem: string): Promise<boolean> {
  try {
    const path = `${directory.path}/${certificateFile}`
    return (
      (await readBounded(path, { maxBytes: maxRootBytes, followLink: false })) === certificatePem
    )
  } catch (error) {
    // Absent, too large, a link: whatever is wrong with the copy, it is to be made again.
    if (error instanceof CertsError) return false
    throw error
  }
}

function selfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey)
}

function parsed<T>(parse: () => T, file: string): T {
  try {
    return parse()
  } catch (error) {
    throw damaged(file, 'does not hold a certificate and a key, whole', error)
  }
}

function damaged(file: string, problem: string, cause?: unknown): CertsError {
  return new CertsError(
    'ca-state-damaged',
    `open built-in CA: ${file} ${problem}; restore it from a copy, or remove it to start a new root that no running pod trusts yet`,
    { cause, file },
  )
}
