/** Every reason to leave a pod alone, in words. Logs, events and the command line show them. */
export const skipReasons = {
  'not-a-pod': 'the runtime named no pod (no K8S_POD_NAMESPACE and K8S_POD_NAME in CNI_ARGS)',
  'excluded-namespace': 'its namespace is in excludeNamespaces of the plugin configuration',
  'agent-pod': 'it is the node agent itself, which must start without its own help',
  'in-pod-sidecar': 'the injector has put a proxy into the pod (sidecar.istio.io/status is set)',
  'annotation-opt-out': 'its annotation says inject "false"',
  'interception-none': 'its annotation sidecar.istio.io/interceptionMode says NONE',
  'not-annotated': 'selection is "annotation" and the pod has no annotation that asks for a proxy',
  'namespace-not-selected': 'selection is "namespace" and its namespace is not selected',
  'selection-unknown':
    'selection is "namespace", the selection file cannot be used, and its namespace is not listed in the plugin configuration',
} as const

/** Every reason to give a pod a sidecar, in words. */
export const captureReasons = {
  'annotation-opt-in': 'its annotation says inject "true"',
  'namespace-in-configuration': 'its namespace is listed in namespaces of the plugin configuration',
  'namespace-in-selection-file': "its namespace is in the agent's selection file",
  'all-pods': 'selection is "all" and nothing excludes the pod',
} as const

/** Why a pod is left alone. */
export type SkipReason = keyof typeof skipReasons

/** Why a pod gets a sidecar. */
export type CaptureReason = keyof typeof captureReasons

/** Any reason a decision can have. */
export type DecisionReason = SkipReason | CaptureReason

/** The reason as a sentence part that completes "captured because" or "not captured because". */
export function describeReason(reason: DecisionReason): string {
  return { ...skipReasons, ...captureReasons }[reason]
}
