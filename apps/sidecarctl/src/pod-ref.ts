import { UsageError } from './exit-code.ts'

/** A pod by its names. */
export interface PodRef {
  readonly namespace: string
  readonly name: string
}

/**
 * Reads `namespace/name`, or a name together with `--namespace`.
 * @throws UsageError
 */
export function parsePodRef(text: string, namespace: string | undefined): PodRef {
  const [first = '', second, ...more] = text.split('/')
  const pod =
    second === undefined
      ? { namespace: namespace ?? 'default', name: first }
      : { namespace: first, name: second }
  const label = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
  if (more.length > 0 || !label.test(pod.namespace) || !label.test(pod.name)) {
    throw new UsageError(
      `${JSON.stringify(text)} is not a pod: write NAMESPACE/NAME, or NAME with --namespace`,
    )
  }
  return pod
}
