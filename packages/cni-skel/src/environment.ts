import { checkContainerId, checkIfname, CniError, cniErrorCodes } from '@proxy/cni-types'
import { type CniIo } from './io.ts'

/** The environment of one call. Empty and absent are the same, as for every plugin. */
export interface CniEnvironment {
  /** `CNI_COMMAND` */
  readonly command: string
  /** `CNI_CONTAINERID` */
  readonly containerId: string
  /** `CNI_NETNS` */
  readonly netns: string
  /** `CNI_IFNAME` */
  readonly ifname: string
  /** `CNI_ARGS` */
  readonly args: string
  /** `CNI_PATH` */
  readonly path: string
  /** `CNI_NETNS_OVERRIDE` is `1` or `true`: the caller knows that the namespace is the plugin's own. */
  readonly netnsOverride: boolean
}

interface Variable {
  readonly name: string
  readonly requiredBy: readonly string[]
  readonly check?: (value: string) => void
}

const all = ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS']
const onContainer = ['ADD', 'CHECK', 'DEL']

/** In the order in which missing ones are named. The reference requires CNI_PATH, so we do. */
const variables: readonly Variable[] = [
  { name: 'CNI_CONTAINERID', requiredBy: onContainer, check: checkContainerId },
  { name: 'CNI_NETNS', requiredBy: ['ADD', 'CHECK'] },
  { name: 'CNI_IFNAME', requiredBy: onContainer, check: checkIfname },
  { name: 'CNI_PATH', requiredBy: all },
]

/**
 * Reads the environment and holds it to what the verb needs; a variable is checked only when it is
 * required. Throws a `CniError` of code 4.
 */
export function readEnvironment(env: CniIo['env']): CniEnvironment {
  const get = (name: string): string => env[name] ?? ''
  const command = get('CNI_COMMAND')
  const missing = command === '' ? ['CNI_COMMAND'] : []
  for (const { name, requiredBy, check } of variables) {
    if (!requiredBy.includes(command)) continue
    if (get(name) === '') missing.push(name)
    else check?.(get(name))
  }
  if (missing.length > 0) {
    throw new CniError(
      cniErrorCodes.invalidEnvironment,
      `required env variables [${missing.join(',')}] missing`,
    )
  }
  return {
    command,
    containerId: get('CNI_CONTAINERID'),
    netns: get('CNI_NETNS'),
    ifname: get('CNI_IFNAME'),
    args: get('CNI_ARGS'),
    path: get('CNI_PATH'),
    netnsOverride: ['1', 'TRUE'].includes(get('CNI_NETNS_OVERRIDE').toUpperCase()),
  }
}
