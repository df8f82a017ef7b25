import * as z from 'zod/mini'
import { PolicyError } from './error.ts'
import {
  type FailPolicy,
  failPolicies,
  type MtlsMode,
  mtlsModes,
  type ReadinessMode,
  readinessModes,
} from './spec.ts'

/** Which pods get a sidecar, apart from what their annotations say. */
export const selectionModes = ['annotation', 'namespace', 'all'] as const

/** See {@link selectionModes}. */
export type SelectionMode = (typeof selectionModes)[number]

/**
 * The keys of the plugin configuration that decide about pods, defaults filled in. Other keys
 * are left to others.
 */
export interface PolicyConf {
  /**
   * `annotation` (default): pods that ask for it. `namespace`: pods of the namespaces in
   * `namespaces` or in the agent's selection file. `all`: every pod that nothing excludes.
   * In each mode a pod's own annotation `inject` wins.
   */
  selection: SelectionMode
  /** Namespaces whose pods never get a sidecar, whatever else is said. Default `kube-system`. */
  excludeNamespaces: string[]
  /**
   * Namespaces whose pods get a sidecar when `selection` is `namespace`, also while the selection
   * file cannot be read. Default none.
   */
  namespaces: string[]
  /** The namespace of the node agent's own pods. Default `proxy-system`. */
  agentNamespace: string
  /** How the names of the node agent's own pods begin. Default `proxy-agent-`. */
  agentPodPrefix: string
  /** What happens to a selected pod when the agent cannot be asked. Default `closed`. */
  failPolicy: FailPolicy
  /** Inbound mutual TLS of pods that say nothing about it. Default `permissive`. */
  mtls: MtlsMode
  /** When ADD answers for pods that say nothing about it. Default `ready`. */
  readiness: ReadinessMode
}

/** The defaults by which exempt pods are recognised, used even where the configuration is wrong. */
export const exemptionDefaults = {
  excludeNamespaces: ['kube-system'],
  agentNamespace: 'proxy-system',
  agentPodPrefix: 'proxy-agent-',
} as const

function schema(): z.ZodMiniType<PolicyConf> {
  const namespace = z
    .string()
    .check(z.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be the name of a namespace'))
  const namespaces = z.array(namespace).check(z.maxLength(4096))
  const prefix = z.string().check(z.minLength(1), z.maxLength(253))
  return z.object({
    selection: z._default(z.enum(selectionModes), 'annotation'),
    excludeNamespaces: z._default(namespaces, [...exemptionDefaults.excludeNamespaces]),
    namespaces: z._default(namespaces, []),
    agentNamespace: z._default(namespace, exemptionDefaults.agentNamespace),
    agentPodPrefix: z._default(prefix, exemptionDefaults.agentPodPrefix),
    failPolicy: z._default(z.enum(failPolicies), 'closed'),
    mtls: z._default(z.enum(mtlsModes), 'permissive'),
    readiness: z._default(z.enum(readinessModes), 'ready'),
  })
}

/**
 * Reads the policy's keys of a plugin configuration.
 * @throws PolicyError `conf-invalid`, naming the key.
 */
export function parsePolicyConf(conf: unknown): PolicyConf {
  const parsed = schema().safeParse(conf, { jitless: true })
  if (parsed.success) return parsed.data
  throw new PolicyError('conf-invalid', `plugin configuration: ${firstIssue(parsed.error)}`, {
    cause: parsed.error,
  })
}

/** The first thing zod found wrong, as `path: what is wrong`. */
export function firstIssue(error: z.core.$ZodError): string {
  const [issue] = error.issues
  const path = issue?.path.map(String).join('.') ?? ''
  const message = issue?.message ?? 'is not valid'
  return path === '' ? message : `${path}: ${message}`
}
