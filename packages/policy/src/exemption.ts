import { exemptionDefaults } from './conf.ts'
import { type SkipReason } from './reasons.ts'

/** The pod a decision is about, as the runtime names it. */
export interface PodRef {
  /** Namespace of the pod. */
  readonly namespace: string
  /** Name of the pod. */
  readonly name: string
}

/**
 * Whether the pod passes before anything else is read: it is none, its namespace is excluded, or
 * it is the agent's own. This never throws and looks at three keys only, each of which falls back
 * to its default when it is not usable, so that no mistake elsewhere in the configuration can
 * keep a node's own pods from starting.
 */
export function exemptionOf(pod: PodRef | undefined, conf: unknown): SkipReason | undefined {
  if (pod === undefined) return 'not-a-pod'
  const keys: Partial<Record<string, unknown>> =
    typeof conf === 'object' && conf !== null ? { ...conf } : {}
  const excluded = keys['excludeNamespaces']
  const list: readonly unknown[] = Array.isArray(excluded)
    ? excluded
    : exemptionDefaults.excludeNamespaces
  if (list.includes(pod.namespace)) return 'excluded-namespace'
  const agentNamespace = text(keys['agentNamespace'], exemptionDefaults.agentNamespace)
  const agentPrefix = text(keys['agentPodPrefix'], exemptionDefaults.agentPodPrefix)
  if (pod.namespace === agentNamespace && pod.name.startsWith(agentPrefix)) return 'agent-pod'
  return undefined
}

function text(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback
}
