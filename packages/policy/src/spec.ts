import * as z from 'zod/mini'

/**
 * What the pod's annotations ask of the redirection: the part of `RedirectSpec` of
 * `@proxy/iptables` that a pod decides. Ports of the proxy, uids and the rest are the node's.
 */
export interface RedirectRequest {
  /** How inbound connections reach the proxy. Outbound ones are always redirected. */
  mode: 'REDIRECT'
  /** Both, always: a family without rules would be a way around the proxy. */
  families: ('ipv4' | 'ipv6')[]
  /** Inbound ports that are captured; an empty list captures none. */
  includeInboundPorts: '*' | number[]
  /** Inbound ports that are not captured although `includeInboundPorts` is `*`. */
  excludeInboundPorts: number[]
  /** Outbound ports that are captured whatever the address. */
  includeOutboundPorts: number[]
  /** Outbound ports that are never captured. */
  excludeOutboundPorts: number[]
  /** Outbound destinations that are captured; an empty list captures none. */
  includeOutboundCidrs: '*' | string[]
  /** Outbound destinations that are never captured. */
  excludeOutboundCidrs: string[]
  /** Interfaces of the pod whose traffic is left alone. */
  excludeInterfaces: string[]
}

/** What happens to a selected pod when the agent cannot be asked: it fails, or it starts bare. */
export const failPolicies = ['closed', 'open'] as const

/** See {@link failPolicies}. */
export type FailPolicy = (typeof failPolicies)[number]

/** Inbound mutual TLS: `permissive` also takes plain connections, `strict` refuses them. */
export const mtlsModes = ['permissive', 'strict'] as const

/** See {@link mtlsModes}. */
export type MtlsMode = (typeof mtlsModes)[number]

/** When ADD answers: Envoy is `ready` to serve, or its process is only `started`. */
export const readinessModes = ['ready', 'started'] as const

/** See {@link readinessModes}. */
export type ReadinessMode = (typeof readinessModes)[number]

/** Everything the agent has to know about how to capture a pod. */
export interface CaptureSpec {
  /** The redirection, as the pod asks for it. */
  redirect: RedirectRequest
  /** See {@link failPolicies}. */
  failPolicy: FailPolicy
  /** See {@link mtlsModes}. */
  mtls: MtlsMode
  /** See {@link readinessModes}. */
  readiness: ReadinessMode
  /** The service account of the pod's identity; `default` when nothing names one. */
  serviceAccount: string
}

/** Whether it can be a service account's name: a DNS subdomain (RFC 1123), as Kubernetes wants. */
export function isServiceAccountName(text: string): boolean {
  const label = (part: string): boolean => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(part)
  return text.length <= 253 && text.split('.').every(label)
}

const portList = z.array(z.int().check(z.gte(1), z.lte(65_535))).check(z.maxLength(2048))
const cidrList = z.array(z.string().check(z.maxLength(64))).check(z.maxLength(2048))

/** Checks a {@link RedirectRequest} that came over the socket; unknown keys are refused. */
const redirectRequestSchema: z.ZodMiniType<RedirectRequest> = z.strictObject({
  mode: z.literal('REDIRECT'),
  families: z.array(z.enum(['ipv4', 'ipv6'])).check(z.minLength(1), z.maxLength(2)),
  includeInboundPorts: z.union([z.literal('*'), portList]),
  excludeInboundPorts: portList,
  includeOutboundPorts: portList,
  excludeOutboundPorts: portList,
  includeOutboundCidrs: z.union([z.literal('*'), cidrList]),
  excludeOutboundCidrs: cidrList,
  excludeInterfaces: z
    .array(z.string().check(z.minLength(1), z.maxLength(15)))
    .check(z.maxLength(2048)),
})

/** Checks a {@link CaptureSpec} that came over the socket; unknown keys are refused. */
export const captureSpecSchema: z.ZodMiniType<CaptureSpec> = z.strictObject({
  redirect: redirectRequestSchema,
  failPolicy: z.enum(failPolicies),
  mtls: z.enum(mtlsModes),
  readiness: z.enum(readinessModes),
  serviceAccount: z
    .string()
    .check(z.refine(isServiceAccountName, 'must be the name of a service account')),
})
