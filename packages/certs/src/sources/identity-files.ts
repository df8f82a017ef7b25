import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CertsError, systemCode } from '../error.ts'
import { readBounded } from '../files/read-bounded.ts'
import { type WorkloadIdentity } from '../identity/workload-identity.ts'
import { checkIdentity } from '../x509/check-identity.ts'
import { type PemInput } from '../x509/pem.ts'

/** Names of the three files: what Istio's classic secrets decode to. */
const identityFileNames = {
  chain: 'cert-chain.pem',
  key: 'key.pem',
  bundle: 'root-cert.pem',
} as const

const maxChainBytes = 128 * 1024
const maxKeyBytes = 32 * 1024
const maxBundleBytes = 1024 * 1024
const attempts = 3

/**
 * Reads and checks the three files. They are read as one: when one of them is replaced meanwhile,
 * all are read again.
 *
 * Throws what the checks throw, and `files-changing` when the files never stood still.
 */
export async function readIdentityFiles(directory: string, now: Date): Promise<WorkloadIdentity> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const before = await fingerprint(directory)
    const read = await readAll(directory, now)
    if ((await fingerprint(directory)) !== before) continue
    if ('error' in read) throw read.error
    return read.identity
  }
  throw new CertsError(
    'files-changing',
    `read ${directory}: its files changed while they were read, ${attempts} times; write new files beside the old ones and rename them`,
    { file: directory },
  )
}

/** A text that changes whenever one of the three files is written or replaced. */
export async function fingerprint(directory: string): Promise<string> {
  const parts = await Promise.all(
    Object.values(identityFileNames).map((name) => fileFingerprint(join(directory, name))),
  )
  return parts.join(' ')
}

async function fileFingerprint(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(':')
  } catch (error) {
    return systemCode(error) ?? 'unknown'
  }
}

type Read = { readonly identity: WorkloadIdentity } | { readonly error: unknown }

async function readAll(directory: string, now: Date): Promise<Read> {
  try {
    const chain = await input(directory, identityFileNames.chain, maxChainBytes)
    const key = await input(directory, identityFileNames.key, maxKeyBytes)
    const bundle = await input(directory, identityFileNames.bundle, maxBundleBytes)
    return { identity: checkIdentity({ chain, key, bundle }, now) }
  } catch (error) {
    // Kept until it is known whether the files stood still.
    return { error }
  }
}

async function input(directory: string, name: string, maxBytes: number): Promise<PemInput> {
  const file = join(directory, name)
  const text = await readBounded(file, {
    maxBytes,
    followLink: true,
    check: ({ mode }) => {
      if ((mode & 0o002) === 0) return
      throw new CertsError(
        'file-insecure',
        `read ${file}: everybody may write to it; run chmod o-w on it and check what it holds`,
        { file },
      )
    },
  })
  return { text, file }
}
