import 'reflect-metadata'
import { X509Certificate, type KeyObject } from 'node:crypto'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate as Asn1Certificate,
} from '@peculiar/x509'
import { CertsError } from '../error.ts'

/** What the checks of this package look at in one certificate. */
export interface Certificate {
  /** Node's object: signatures and names. */
  readonly x509: X509Certificate
  /** The key that the certificate is about. */
  readonly publicKey: KeyObject
  /** PEM with a newline at the end and no text around it. */
  readonly pem: string
  /** Path of the file it came from. */
  readonly file: string
  /** Where in its file, counted from 1. */
  readonly position: number
  /** From when it is valid. */
  readonly notBefore: Date
  /** Until when it is valid. */
  readonly notAfter: Date
  /** The CA flag of the basic constraints. */
  readonly ca: boolean
  /** How many further CAs may stand below this one, as far as that is limited. */
  readonly pathLength: number | undefined
  /** Key usage; undefined when the extension is absent. */
  readonly keyUsage: KeyUsage | undefined
  /** Object identifiers of the extended key usage; undefined when the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | undefined
  /** Each name of type URI in the subject alternative name. */
  readonly uris: readonly string[]
}

/** The bits of the key usage that SPIFFE has rules for. */
interface KeyUsage {
  /** May sign a handshake. */
  readonly digitalSignature: boolean
  /** May sign certificates. */
  readonly keyCertSign: boolean
  /** May sign revocation lists. */
  readonly crlSign: boolean
}

/** Extensions whose meaning is known here or to every TLS stack; other critical ones are refused. */
const knownExtensions: ReadonlySet<string> = new Set([
  '2.5.29.14', // subject key identifier
  '2.5.29.15', // key usage
  '2.5.29.17', // subject alternative name
  '2.5.29.19', // basic constraints
  '2.5.29.30', // name constraints: left to the TLS stack of the peer
  '2.5.29.32', // certificate policies
  '2.5.29.35', // authority key identifier
  '2.5.29.36', // policy constraints
  '2.5.29.37', // extended key usage
])

/**
 * Parses one certificate.
 *
 * Throws `certificate-invalid` when it is not X.509 or has a critical extension nobody here knows.
 */
export function parseCertificate(pem: string, file: string, position: number): Certificate {
  const where = `certificate ${position} of ${file}`
  try {
    const x509 = new X509Certificate(pem)
    const asn1 = new Asn1Certificate(x509.raw)
    const unknown = asn1.extensions.find(
      ({ critical, type }) => critical && !knownExtensions.has(type),
    )
    if (unknown !== undefined) {
      throw new CertsError(
        'certificate-invalid',
        `read ${where}: the critical extension ${unknown.type} is not supported; issue it without`,
        { file },
      )
    }
    const constraints = asn1.getExtension(BasicConstraintsExtension)
    const names = asn1.getExtension(SubjectAlternativeNameExtension)
    return {
      x509,
      publicKey: x509.publicKey,
      pem: x509.toString(),
      file,
      position,
      notBefore: asn1.notBefore,
      notAfter: asn1.notAfter,
      ca: constraints?.ca ?? false,
      pathLength: constraints?.pathLength,
      keyUsage: keyUsageOf(asn1.getExtension(KeyUsagesExtension)?.usages),
      extendedKeyUsage: asn1.getExtension(ExtendedKeyUsageExtension)?.usages.map(String),
      uris: names?.names.items.filter(({ type }) => type === 'url').map(({ value }) => value) ?? [],
    }
  } catch (error) {
    if (error instanceof CertsError) throw error
    throw new CertsError(
      'certificate-invalid',
      `read ${where}: not an X.509 certificate; write the file again, whole`,
      { cause: error, file },
    )
  }
}

function keyUsageOf(flags: KeyUsageFlags | undefined): KeyUsage | undefined {
  if (flags === undefined) return undefined
  const has = (flag: KeyUsageFlags): boolean => (flags & flag) !== 0
  return {
    digitalSignature: has(KeyUsageFlags.digitalSignature),
    keyCertSign: has(KeyUsageFlags.keyCertSign),
    crlSign: has(KeyUsageFlags.cRLSign),
  }
}
