import {
  checkVersion,
  CniError,
  cniErrorCodes,
  type CniResult,
  confVersionOf,
  isAtLeast,
  type JsonObject,
} from '@proxy/cni-types'
import { type CniCall, type CniCommand, type CniPlugin } from './plugin.ts'

/** What a dispatcher knows of a verb. */
export interface Verb {
  /** Oldest configuration that knows the verb, for verbs that came later. */
  readonly since?: string
  /** Whether the call is about the namespace in `CNI_NETNS`, so that it must not be the plugin's own. */
  readonly changesNetns: boolean
  /** Calls the plugin; only ADD has a result. */
  run(plugin: CniPlugin, call: CniCall): Promise<CniResult | undefined>
}

/** The verbs that reach a plugin. */
export const verbs: Readonly<Record<CniCommand, Verb>> = {
  ADD: {
    changesNetns: true,
    run: async (plugin, call) => resultOf(await plugin.add(call)),
  },
  DEL: {
    changesNetns: true,
    run: async (plugin, call) => {
      await plugin.del(call)
      return undefined
    },
  },
  CHECK: {
    since: '0.4.0',
    changesNetns: false,
    run: async (plugin, call) => {
      await plugin.check?.(call)
      return undefined
    },
  },
  GC: {
    since: '1.1.0',
    changesNetns: false,
    run: async (plugin, call) => {
      await plugin.gc?.(call)
      return undefined
    },
  },
  STATUS: {
    since: '1.1.0',
    changesNetns: false,
    run: async (plugin, call) => {
      await plugin.status?.(call)
      return undefined
    },
  },
}

/** Whether `command` is a verb that reaches a plugin. */
export function isCniCommand(command: string): command is CniCommand {
  return Object.hasOwn(verbs, command)
}

/**
 * Holds the version of a configuration to the verb and to the plugin. Throws a `CniError`: code 1
 * when they do not go together, code 6 when a version cannot be read.
 */
export function checkVersions(
  command: CniCommand,
  conf: JsonObject,
  supported: readonly string[],
): void {
  const version = confVersionOf(conf)
  const { since } = verbs[command]
  if (since !== undefined) {
    if (!isAtLeast(version, since)) throw incompatible(`config version does not allow ${command}`)
    if (!supported.some((own) => isAtLeast(own, version))) {
      throw incompatible(`plugin version does not allow ${command}`)
    }
  }
  checkVersion(version, supported)
}

function incompatible(msg: string): CniError {
  return new CniError(cniErrorCodes.incompatibleVersion, msg)
}

/** A plugin may be written in JavaScript and forget to return. */
function resultOf(result: unknown): CniResult {
  if (typeof result === 'object' && result !== null) return result as CniResult
  throw new CniError(cniErrorCodes.internal, 'ADD of the plugin returned no result')
}
