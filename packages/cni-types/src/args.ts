import { CniError, cniErrorCodes } from './error.ts'
import { isCniName } from './names.ts'

/** What `CNI_ARGS` held. */
export interface CniArgs {
  /** Values of the names that were asked for; with a name given twice, the last one. */
  readonly values: ReadonlyMap<string, string>
  /** Names that were not asked for; empty unless `ignoreUnknown`. */
  readonly unknown: readonly string[]
  /** Whether the caller sent `IgnoreUnknown=1`, as every runtime does. */
  readonly ignoreUnknown: boolean
}

/** The pod a call is made for. */
export interface PodIdentity {
  /** `K8S_POD_NAMESPACE` */
  readonly namespace: string
  /** `K8S_POD_NAME` */
  readonly name: string
  /** `K8S_POD_UID`; cri-dockerd up to 0.4.3 does not send it. */
  readonly uid: string | undefined
  /** `K8S_POD_INFRA_CONTAINER_ID`, the container that `CNI_CONTAINERID` names too. */
  readonly infraContainerId: string | undefined
}

/** The names that Kubernetes runtimes send. */
export const podArgNames = [
  'K8S_POD_NAMESPACE',
  'K8S_POD_NAME',
  'K8S_POD_UID',
  'K8S_POD_INFRA_CONTAINER_ID',
] as const

/**
 * Parses `CNI_ARGS`: pairs `name=value` between semicolons, exactly one `=` in each. Names that are
 * not in `known` are an error unless `IgnoreUnknown=1` (or `true`) is among the pairs. Throws a
 * {@link CniError} of code 4.
 */
export function parseCniArgs(text: string, known: readonly string[] = podArgNames): CniArgs {
  const values = new Map<string, string>()
  const unknown: string[] = []
  let ignoreUnknown = false
  for (const pair of text === '' ? [] : text.split(';')) {
    const [name = '', value, ...more] = pair.split('=')
    if (value === undefined || more.length > 0) fail(`ARGS: invalid pair ${JSON.stringify(pair)}`)
    if (name === 'IgnoreUnknown') ignoreUnknown = booleanOf(value, pair)
    else if (known.includes(name)) values.set(name, value)
    else unknown.push(pair)
  }
  if (unknown.length > 0 && !ignoreUnknown) {
    fail(`ARGS: unknown args [${unknown.map((pair) => JSON.stringify(pair)).join(' ')}]`)
  }
  return { values, unknown: unknown.map((pair) => pair.slice(0, pair.indexOf('='))), ignoreUnknown }
}

/**
 * The pod that `CNI_ARGS` speak of; `undefined` when namespace or name is not there: not every
 * container is a pod. Throws a {@link CniError} of code 4 when the arguments are malformed, or when
 * one of the four holds letters that could lead a path or a name astray.
 */
export function podOf(args: string | CniArgs): PodIdentity | undefined {
  const { values } = typeof args === 'string' ? parseCniArgs(args) : args
  const [namespace, name, uid, infraContainerId] = podArgNames.map((key) => {
    const value = values.get(key)
    if (value === undefined || value === '') return undefined
    if (!isCniName(value) || value.length > 253) {
      fail(
        `ARGS: ${key} has characters that no name in Kubernetes has, or is too long`,
        value.slice(0, 253),
      )
    }
    return value
  })
  return namespace === undefined || name === undefined
    ? undefined
    : { namespace, name, uid, infraContainerId }
}

function booleanOf(text: string, pair: string): boolean {
  switch (text.toLowerCase()) {
    case '1':
    case 'true':
      return true
    case '0':
    case 'false':
      return false
    default:
      return fail(
        `ARGS: error parsing value of pair ${JSON.stringify(pair)}: boolean unmarshal error: invalid input ${text.toLowerCase()}`,
      )
  }
}

function fail(msg: string, details?: string): never {
  throw new CniError(cniErrorCodes.invalidEnvironment, msg, details)
}
