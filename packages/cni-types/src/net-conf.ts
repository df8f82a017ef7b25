import * as z from 'zod/mini'
import { attachmentSchema } from './attachments.ts'
import { check, decodeJson } from './decode.ts'
import { dnsSchema } from './dns.ts'
import { CniError, cniErrorCodes } from './error.ts'
import { foldKeys } from './fold.ts'
import { isJsonObject, type JsonObject } from './json.ts'
import { netConfKeys } from './known-keys.ts'
import { checkNetworkName } from './names.ts'

const fields = {
  /** Name of the plugin's executable in `CNI_PATH`. */
  type: z.optional(z.string()),
  /** Capabilities the entry declares. libcni does not strip them; a plugin ignores them. */
  capabilities: z.optional(z.record(z.string(), z.boolean())),
  /** Address management, delegated to another plugin. */
  ipam: z.optional(
    z.looseObject({
      /** Name of the address plugin's executable. */
      type: z.optional(z.string()),
    }),
  ),
  /** Settings for a resolver. */
  dns: z.optional(dnsSchema),
  /** Values of the declared capabilities; read them with `capabilityOf`. */
  runtimeConfig: z.optional(z.record(z.string(), z.unknown())),
  /** Result of the plugin before this one, as it came; read it with `parsePrevResult`. */
  prevResult: z.optional(z.record(z.string(), z.unknown())),
  /** GC: what to keep. Read it with `validAttachmentsOf`. */
  'cni.dev/valid-attachments': z.optional(z.array(attachmentSchema)),
  /** GC: the same, in the spelling of the tagged specification 1.1.0. */
  'cni.dev/attachments': z.optional(z.array(attachmentSchema)),
}

/** One entry of a network configuration list. */
export const pluginConfSchema = z.looseObject({
  /** Version; the list's, when a runtime calls the plugin. */
  cniVersion: z.optional(z.string()),
  /** Name of the network; the list's, when a runtime calls the plugin. */
  name: z.optional(z.string()),
  ...fields,
})

/** One entry of a network configuration list. Unknown keys are the plugin's own. */
export type PluginConf = z.infer<typeof pluginConfSchema>

/** What a plugin reads from stdin. */
export const netConfSchema = z.looseObject({
  /** Version of the configuration, of `prevResult` (its family) and of the answer. */
  cniVersion: z.string(),
  /** Name of the network. */
  name: z.string(),
  ...fields,
})

/** What a plugin reads from stdin. Unknown keys are the plugin's own. */
export type NetConf = z.infer<typeof netConfSchema>

/**
 * Decodes what came on stdin as far as a dispatcher must before it knows the version: it is a JSON
 * object with a proper network name. Throws a {@link CniError} of code 6, or 7 for the name.
 */
export function decodeNetConf(input: string | Uint8Array): JsonObject {
  const what = 'error unmarshall network config'
  const value = foldKeys(decodeJson(input, what) ?? {}, netConfKeys)
  if (!isJsonObject(value)) {
    throw new CniError(cniErrorCodes.decodingFailure, `${what}: $: expected object`)
  }
  const { name } = check(z.looseObject({ name: z.optional(z.string()) }), value, what)
  checkNetworkName(name ?? '')
  return value
}

/** Version of a decoded configuration, 0.1.0 when it has none. Throws a {@link CniError} of code 6. */
export function confVersionOf(conf: JsonObject): string {
  const what = 'decoding version from network config'
  const { cniVersion } = check(z.looseObject({ cniVersion: z.optional(z.string()) }), conf, what)
  return cniVersion === undefined || cniVersion === '' ? '0.1.0' : cniVersion
}

/**
 * Parses a plugin's configuration. Known keys may be spelled in any case, null is absent, a missing
 * `cniVersion` becomes `0.1.0`; everything else stays as it came, in its order. Whether the plugin
 * supports the version is not asked here (`checkVersion`). Throws a {@link CniError} of code 6 with
 * the JSON path of the fault, or 7 for the network's name.
 */
export function parseNetConf(input: string | Uint8Array | JsonObject): NetConf {
  const isText = typeof input === 'string' || input instanceof Uint8Array
  const conf = decodeNetConf(isText ? input : JSON.stringify(input))
  return netConfOf(conf)
}

/** The second half of {@link parseNetConf}, for what {@link decodeNetConf} returned. */
export function netConfOf(conf: JsonObject): NetConf {
  const cniVersion = confVersionOf(conf)
  const complete = 'cniVersion' in conf ? { ...conf, cniVersion } : { cniVersion, ...conf }
  return check(netConfSchema, complete, 'error unmarshall network config')
}
