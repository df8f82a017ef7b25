import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type WorkloadIdentity } from '../identity/workload-identity.ts'

/** Name of the SDS resource that holds a sidecar's own certificate chain and key. */
export const workloadIdentitySecretName = 'workload-identity'
/** Name of the SDS resource that holds the roots peers are checked against. */
export const trustBundleSecretName = 'trust-bundle'
/** File, in the SDS directory, with the resource `workload-identity`. */
export const identityFileName = 'identity.json'
/** File, in the SDS directory, with the resource `trust-bundle`. */
export const trustBundleFileName = 'trust-bundle.json'

const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret'

/** Text of `identity.json`: a DiscoveryResponse for Envoy's file SDS. Secret. */
export function identityResource(identity: WorkloadIdentity): string {
  return discoveryResponse(versionOf(identity.certificateChainPem), {
    '@type': secretType,
    name: workloadIdentitySecretName,
    tls_certificate: {
      certificate_chain: { inline_string: identity.certificateChainPem },
      private_key: { inline_string: identity.privateKeyPem },
    },
  })
}

/** Text of `trust-bundle.json`: a DiscoveryResponse for Envoy's file SDS. */
export function trustBundleResource(trustBundlePem: string): string {
  return discoveryResponse(versionOf(trustBundlePem), {
    '@type': secretType,
    name: trustBundleSecretName,
    validation_context: { trusted_ca: { inline_string: trustBundlePem } },
  })
}

/** What a file was found to hold, or the places in it that are not as this package writes them. */
export type ParsedResource<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly places: readonly string[] }

/** Parses the text of `identity.json`. */
export function parseIdentityResource(
  text: string,
): ParsedResource<{ readonly certificateChainPem: string; readonly privateKeyPem: string }> {
  return parseResource(text, identitySchema, ({ tls_certificate: tls }) => ({
    certificateChainPem: tls.certificate_chain.inline_string,
    privateKeyPem: tls.private_key.inline_string,
  }))
}

/** Parses the text of `trust-bundle.json`; the value is the PEM text. */
export function parseTrustBundleResource(text: string): ParsedResource<string> {
  return parseResource(
    text,
    trustBundleSchema,
    ({ validation_context: context }) => context.trusted_ca.inline_string,
  )
}

const inlineString = z.strictObject({ inline_string: z.string().min(1) })

const identitySchema = z.strictObject({
  '@type': z.literal(secretType),
  name: z.literal(workloadIdentitySecretName),
  tls_certificate: z.strictObject({ certificate_chain: inlineString, private_key: inlineString }),
})

const trustBundleSchema = z.strictObject({
  '@type': z.literal(secretType),
  name: z.literal(trustBundleSecretName),
  validation_context: z.strictObject({ trusted_ca: inlineString }),
})

function parseResource<T, R>(
  text: string,
  schema: z.ZodType<R>,
  pick: (resource: R) => T,
): ParsedResource<T> {
  const response = z.strictObject({ version_info: z.string(), resources: z.tuple([schema]) })
  const parsed = response.safeParse(parseJson(text))
  if (parsed.success) return { ok: true, value: pick(parsed.data.resources[0]) }
  // Paths only: messages and inputs of the parser could quote the file.
  const places = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole file')
  return { ok: false, places }
}

/** Undefined for what is not JSON. The parser's own error is dropped: it quotes the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function discoveryResponse(version: string, resource: object): string {
  return `${JSON.stringify({ version_info: version, resources: [resource] }, null, 2)}\n`
}

/** Tells versions apart in Envoy's config dump; made of public material only. */
function versionOf(publicPem: string): string {
  return createHash('sha256').update(publicPem).digest('hex').slice(0, 16)
}
