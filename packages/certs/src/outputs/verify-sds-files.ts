import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { CertsError, systemCode, type CertsErrorCode } from '../error.ts'
import { openPrivateDirectory, type PrivateDirectory } from '../files/private-directory.ts'
import { readBounded } from '../files/read-bounded.ts'
import { type IdentityFacts } from '../identity/workload-identity.ts'
import { type SpiffeId } from '../identity/spiffe-id.ts'
import { checkIdentity } from '../x509/check-identity.ts'
import { type SdsLocation } from './sds-files.ts'
import {
  identityFileName,
  parseIdentityResource,
  parseTrustBundleResource,
  trustBundleFileName,
  type ParsedResource,
} from './sds-resources.ts'

/** Options of {@link verifySdsFiles}. */
export interface VerifySdsOptions extends SdsLocation {
  /** Whom the certificate must name; anybody when absent. */
  readonly spiffeId?: SpiffeId
  /** The clock. */
  readonly now: () => Date
}

/** What {@link verifySdsFiles} found. */
export type SdsVerification =
  | { readonly ok: true; readonly facts: IdentityFacts }
  | { readonly ok: false; readonly problems: readonly SdsProblem[] }

/** One thing that is wrong with the SDS files of a sidecar. */
export interface SdsProblem {
  /** Why, from the codes of {@link CertsError}. */
  readonly code: CertsErrorCode
  /** What is wrong with which file; no key material. */
  readonly message: string
}

const maxFileBytes = 2 * 1024 * 1024

/**
 * Checks that the files are what {@link writeSdsFiles} leaves: owner, modes, shape, and an identity
 * that is valid now. Changes nothing.
 */
export async function verifySdsFiles(options: VerifySdsOptions): Promise<SdsVerification> {
  const problems: SdsProblem[] = []
  const note = (error: unknown): undefined => {
    if (!(error instanceof CertsError)) throw error
    problems.push({ code: error.code, message: error.message })
  }
  await using opened = await openPrivateDirectory(options.directory).catch(note)
  if (opened === undefined) {
    if (problems.length === 0) {
      note(new CertsError('file-missing', `verify ${options.directory}: no such directory`))
    }
    return { ok: false, problems }
  }
  for (const error of await ownership(opened, options)) note(error)
  const facts = await check(opened, options).catch(note)
  return problems.length === 0 && facts !== undefined
    ? { ok: true, facts }
    : { ok: false, problems }
}

async function ownership(
  opened: PrivateDirectory,
  options: SdsLocation,
): Promise<readonly CertsError[]> {
  const wanted = [
    { path: `${opened.path}/.`, shown: options.directory, mode: 0o700 },
    ...[identityFileName, trustBundleFileName].map((name) => ({
      path: `${opened.path}/${name}`,
      shown: join(options.directory, name),
      mode: 0o400,
    })),
  ]
  const errors: CertsError[] = []
  for (const { path, shown, mode } of wanted) {
    try {
      const stats = await lstat(path)
      const right =
        stats.uid === options.uid && stats.gid === options.gid && (stats.mode & 0o7777) === mode
      if (right) continue
      const has = `${(stats.mode & 0o7777).toString(8)} of ${stats.uid}:${stats.gid}`
      const wants = `${mode.toString(8)} of ${options.uid}:${options.gid}`
      const code = mode === 0o700 ? 'directory-insecure' : 'file-insecure'
      errors.push(
        new CertsError(code, `verify ${shown}: mode ${has} instead of ${wants}`, { file: shown }),
      )
    } catch (error) {
      // Reading the file reports it.
      if (systemCode(error) !== 'ENOENT') throw error
    }
  }
  return errors
}

async function check(opened: PrivateDirectory, options: VerifySdsOptions): Promise<IdentityFacts> {
  const identityFile = join(options.directory, identityFileName)
  const bundleFile = join(options.directory, trustBundleFileName)
  const identity = await read(opened, identityFileName, identityFile, parseIdentityResource)
  const bundle = await read(opened, trustBundleFileName, bundleFile, parseTrustBundleResource)
  const checked = checkIdentity(
    {
      chain: { text: identity.certificateChainPem, file: identityFile },
      key: { text: identity.privateKeyPem, file: identityFile },
      bundle: { text: bundle, file: bundleFile },
    },
    options.now(),
  )
  if (options.spiffeId !== undefined && checked.spiffeId !== options.spiffeId) {
    throw new CertsError(
      'identity-mismatch',
      `verify ${identityFile}: it names ${checked.spiffeId} instead of ${options.spiffeId}`,
      { file: identityFile },
    )
  }
  const { spiffeId, serialNumber, notBefore, notAfter, issuedAt } = checked
  return { spiffeId, serialNumber, notBefore, notAfter, issuedAt }
}

async function read<T>(
  opened: PrivateDirectory,
  name: string,
  file: string,
  parse: (text: string) => ParsedResource<T>,
): Promise<T> {
  const text = await readBounded(`${opened.path}/${name}`, {
    maxBytes: maxFileBytes,
    followLink: false,
  }).catch((error: unknown) => {
    if (!(error instanceof CertsError)) throw error
    // The path through the descriptor would tell nobody which file it is.
    throw new CertsError(error.code, `verify ${file}: ${error.code}`, { cause: error, file })
  })
  const parsed = parse(text)
  if (parsed.ok) return parsed.value
  throw new CertsError(
    'file-unreadable',
    `verify ${file}: not as written: ${parsed.places.join(', ')}; write the files again`,
    { file },
  )
}
