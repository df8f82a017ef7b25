import * as z from 'zod/mini'
import { check, decodeJson } from './decode.ts'
import { CniError, cniErrorCodes } from './error.ts'
import { foldKeys } from './fold.ts'
import { currentCniVersion } from './versions.ts'

/** What a plugin answers to VERSION. */
export const versionReplySchema = z.looseObject({
  /** The version the answer is written in. */
  cniVersion: z.optional(z.string()),
  /** What the plugin can be configured with. */
  supportedVersions: z.optional(z.array(z.string())),
})

/** What a plugin answers to VERSION. */
export type VersionReply = z.infer<typeof versionReplySchema>

/** The answer of a plugin that supports `supported`; like the reference, always in the newest version. */
export function versionReply(supported: readonly string[]): VersionReply {
  return { cniVersion: currentCniVersion, supportedVersions: [...supported] }
}

/**
 * The versions in an answer to VERSION. An answer of version 0.2.0 may leave them out. Throws a
 * {@link CniError} of code 6.
 */
export function parseVersionReply(input: string | Uint8Array): string[] {
  const what = 'decoding version info'
  const value = foldKeys(decodeJson(input, what), { cniVersion: null, supportedVersions: null })
  const reply = check(versionReplySchema, value, what)
  if (reply.cniVersion === undefined || reply.cniVersion === '') {
    throw new CniError(cniErrorCodes.decodingFailure, `${what}: missing field cniVersion`)
  }
  if (reply.supportedVersions !== undefined && reply.supportedVersions.length > 0)
    return reply.supportedVersions
  if (reply.cniVersion === '0.2.0') return ['0.1.0', '0.2.0']
  throw new CniError(cniErrorCodes.decodingFailure, `${what}: missing field supportedVersions`)
}
