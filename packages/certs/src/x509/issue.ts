import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { type SpiffeId } from '../identity/spiffe-id.ts'
import { pemOf } from './pem.ts'

/** From when until when a certificate is valid. */
export interface Validity {
  /** Inclusive, full seconds. */
  readonly notBefore: Date
  /** Inclusive, full seconds. */
  readonly notAfter: Date
}

/** A CA that can sign. Its key cannot be exported from here. */
export interface Signer {
  /** Certificate of the CA, PEM. */
  readonly certificatePem: string
  /** Its P-256 key. */
  readonly signingKey: webcrypto.CryptoKey
}

/** A certificate and its key, as text. */
export interface IssuedCertificate extends Validity {
  /** PEM. */
  readonly certificatePem: string
  /** PKCS#8, PEM. Secret. */
  readonly privateKeyPem: string
  /** Lower case hexadecimal. */
  readonly serialNumber: string
}

const { subtle } = webcrypto
const p256 = { name: 'ECDSA', namedCurve: 'P-256' }
const signatureAlgorithm = { name: 'ECDSA', hash: 'SHA-256' }

/** Makes a P-256 key and a self-signed root for a trust domain, which the root names as its URI. */
export async function issueRoot(
  trustDomain: string,
  validity: Validity,
): Promise<IssuedCertificate> {
  const keys = await generateKeys()
  const serialNumber = randomSerial()
  const keyId = await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto)
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      ...validity,
      serialNumber,
      // A name of its own for each root: two of them side by side are told apart by it.
      name: `CN=built-in root ${serialNumber.slice(0, 16)}`,
      keys,
      signingAlgorithm: signatureAlgorithm,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        new SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${trustDomain}` }]),
        keyId,
        await AuthorityKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )
  return issued(certificate, keys, serialNumber, validity)
}

/** Makes a P-256 key and a leaf for one workload. */
export async function issueLeaf(
  signer: Signer,
  spiffeId: SpiffeId,
  validity: Validity,
): Promise<IssuedCertificate> {
  const keys = await generateKeys()
  const serialNumber = randomSerial()
  const issuer = new X509Certificate(signer.certificatePem)
  const certificate = await X509CertificateGenerator.create(
    {
      ...validity,
      serialNumber,
      issuer: issuer.subjectName,
      publicKey: keys.publicKey,
      signingKey: signer.signingKey,
      signingAlgorithm: signatureAlgorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        // Critical because the subject is empty (RFC 5280, 4.2.1.6).
        new SubjectAlternativeNameExtension([{ type: 'url', value: spiffeId }], true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )
  return issued(certificate, keys, serialNumber, validity)
}

/** A signer of a root and its key, PEM; the key becomes an object that cannot be exported. */
export async function signerOf(certificatePem: string, privateKeyDer: Uint8Array): Promise<Signer> {
  const signingKey = await subtle.importKey('pkcs8', privateKeyDer, p256, false, ['sign'])
  return { certificatePem, signingKey }
}

/** Full seconds, which is what a certificate can say. */
export function validityOf(notBeforeMs: number, notAfterMs: number): Validity {
  return {
    notBefore: new Date(Math.floor(notBeforeMs / 1000) * 1000),
    notAfter: new Date(Math.floor(notAfterMs / 1000) * 1000),
  }
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return subtle.generateKey(p256, true, ['sign', 'verify'])
}

/** 126 random bits, positive, always 16 octets (RFC 5280, 4.1.2.2). */
function randomSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return Buffer.from(bytes).toString('hex')
}

async function issued(
  certificate: X509Certificate,
  keys: webcrypto.CryptoKeyPair,
  serialNumber: string,
  validity: Validity,
): Promise<IssuedCertificate> {
  const pkcs8 = await subtle.exportKey('pkcs8', keys.privateKey)
  return {
    ...validity,
    serialNumber,
    certificatePem: pemOf('CERTIFICATE', certificate.rawData),
    privateKeyPem: pemOf('PRIVATE KEY', pkcs8),
  }
}
