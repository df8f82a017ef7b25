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

/** One of a few words; the small build of zod has no texts of its own. */
function word<const T extends string>(words: readonly T[]): z.ZodMiniType<T> {
  return z.enum(words, `must be ${words.map((text) => `"${text}"`).join(' or ')}`)
}

function schema(): z.ZodMiniType<PolicyConf> {
  const named = 'must be the name of a namespace'
  const namespace = z.string(named).check(z.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, named))
  const listed = 'must be a list of at most 4096 namespaces'
  const namespaces = z.array(namespace, listed).check(z.maxLength(4096, listed))
  const begins = 'must be the beginning of a pod name'
  const prefix = z.string(begins).check(z.minLength(1, begins), z.maxLength(253, begins))
  return z.object(
    {
      selection: z._default(word(selectionModes), 'annotation'),
      excludeNamespaces: z._default(namespaces, [...exemptionDefaults.excludeNamespaces]),
      namespaces: z._default(namespaces, []),
      agentNamespace: z._default(namespace, exemptionDefaults.agentNamespace),
      agentPodPrefix: z._default(prefix, exemptionDefaults.agentPodPrefix),
      failPolicy: z._default(word(failPolicies), 'closed'),
      mtls: z._default(word(mtlsModes), 'permissive'),
      readiness: z._default(word(readinessModes), 'ready'),
    },
    'must be an object',
  )
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
