import { CniError, cniErrorCodes } from './error.ts'

/** All versions of the specification, oldest first. */
export const cniVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const

/** A version of the specification that this package reads, writes and converts. */
export type CniVersion = (typeof cniVersions)[number]

/** The newest version of the specification here. */
export const currentCniVersion: CniVersion = '1.1.0'

/** Whether `version` is one of {@link cniVersions}, letter for letter. */
export function isCniVersion(version: string): version is CniVersion {
  return (cniVersions as readonly string[]).includes(version)
}

/** The versions from `oldest` on; none when it is not one of {@link cniVersions}. */
export function versionsStartingFrom(oldest: string): CniVersion[] {
  const first = (cniVersions as readonly string[]).indexOf(oldest)
  return first === -1 ? [] : cniVersions.slice(first)
}

/**
 * Major, minor and micro number. A missing part is 0, no text at all is 0.1.0 (the specification's
 * default). Throws a {@link CniError} of code 6 for anything else.
 */
export function parseVersion(version: string): [major: number, minor: number, micro: number] {
  if (version === '') return [0, 1, 0]
  const parts = version.split('.')
  if (parts.length > 3) {
    throw new CniError(
      cniErrorCodes.decodingFailure,
      `invalid version ${JSON.stringify(version)}: too many parts`,
    )
  }
  const [major = '', minor = '0', micro = '0'] = parts
  return [numberOf(major, 'major'), numberOf(minor, 'minor'), numberOf(micro, 'micro')]
}

function numberOf(part: string, name: string): number {
  const value = Number(part)
  if (/^[+-]?\d+$/.test(part) && Number.isSafeInteger(value)) return value
  throw new CniError(
    cniErrorCodes.decodingFailure,
    `failed to convert ${name} version part ${JSON.stringify(part)}: not a number`,
  )
}

/** Below 0 when `a` is the older one, 0 when they are equal, above 0 otherwise; throws as {@link parseVersion}. */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a)
  const right = parseVersion(b)
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2]
}

/** Whether `version` is `oldest` or newer; throws as {@link parseVersion}. */
export function isAtLeast(version: string, oldest: string): boolean {
  return compareVersions(version, oldest) >= 0
}

/**
 * Holds the version of a configuration to the list of a plugin: letter for letter, as the reference
 * does. Throws a {@link CniError} of code 1.
 */
export function checkVersion(configVersion: string, supported: readonly string[]): void {
  if (supported.includes(configVersion)) return
  throw new CniError(
    cniErrorCodes.incompatibleVersion,
    'incompatible CNI versions',
    `config is ${JSON.stringify(configVersion)}, plugin supports [${supported.map((v) => JSON.stringify(v)).join(' ')}]`,
  )
}
