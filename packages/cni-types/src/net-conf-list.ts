import { type Attachment } from './attachments.ts'
import { runtimeConfigFor } from './capabilities.ts'
import { check, decodeJson } from './decode.ts'
import { CniError, cniErrorCodes } from './error.ts'
import { foldKeys } from './fold.ts'
import { isJsonObject, type JsonObject } from './json.ts'
import { netConfKeys } from './known-keys.ts'
import { checkNetworkName } from './names.ts'
import { type NetConf, netConfOf, type PluginConf, pluginConfSchema } from './net-conf.ts'
import { compareVersions, currentCniVersion } from './versions.ts'

/** A network: what a `.conflist` file says, as libcni reads it. */
export interface NetConfList {
  /** Name of the network; a part of the key of libcni's cache. */
  readonly name: string
  /** The version that was selected: the newest of `cniVersion` and `cniVersions` up to 1.1.0. */
  readonly cniVersion: string
  /** Whether runtimes skip CHECK. */
  readonly disableCheck: boolean
  /** Whether runtimes skip GC. */
  readonly disableGC: boolean
  /** Whether files in the folder named after the network are left aside. */
  readonly loadOnlyInlinedPlugins: boolean
  /** The entries in their order; empty when they are all in files. */
  readonly plugins: readonly PluginConf[]
  /** The whole as it came, unknown keys and order kept. */
  readonly raw: JsonObject
}

/** What a runtime puts into an entry before it calls the plugin. */
export interface Injected {
  /** Result of the entry before this one. */
  readonly prevResult?: JsonObject
  /** What the runtime has for any capability; the entry gets what it declares. */
  readonly capabilityArgs?: JsonObject
  /** GC: what to keep. */
  readonly validAttachments?: readonly Attachment[]
}

const what = 'error parsing configuration list'

/**
 * Parses a network configuration list by the rules of libcni. Throws a {@link CniError}: code 6 when
 * it cannot be decoded, code 7 when it makes no sense.
 */
export function parseNetConfList(input: string | Uint8Array): NetConfList {
  const raw = decodeJson(input, what)
  if (!isJsonObject(raw)) throw undecodable('expected object')
  const { name } = raw
  if (name === undefined) throw senseless('no name')
  if (typeof name !== 'string') throw undecodable('invalid name type')
  checkNetworkName(name)
  const loadOnlyInlinedPlugins = booleanOf(raw, 'loadOnlyInlinedPlugins')
  return {
    name,
    cniVersion: selectVersion(raw),
    disableCheck: booleanOf(raw, 'disableCheck'),
    disableGC: booleanOf(raw, 'disableGC'),
    loadOnlyInlinedPlugins,
    plugins: pluginsOf(raw, loadOnlyInlinedPlugins),
    raw,
  }
}

/** Makes a list of one from a plugin configuration, as runtimes do with `.conf` files. */
export function netConfListOf(conf: PluginConf): NetConfList {
  const { name, cniVersion } = conf
  return parseNetConfList(JSON.stringify({ name, cniVersion, plugins: [conf] }))
}

/**
 * Appends entries from files (`<folder>/<network>/*.conf`, sorted by name), unless the list says
 * `loadOnlyInlinedPlugins`. Throws a {@link CniError} of code 7 when that leaves none at all.
 */
export function withPluginFiles(
  list: NetConfList,
  files: readonly (string | Uint8Array)[],
): NetConfList {
  const added = list.loadOnlyInlinedPlugins
    ? []
    : files.map((file) => parsePluginConf(decodeJson(file, 'error parsing configuration')))
  const plugins = [...list.plugins, ...added]
  if (plugins.length === 0) {
    throw new CniError(cniErrorCodes.invalidNetworkConfig, 'no plugin configs found')
  }
  return { ...list, plugins }
}

/** The configuration an entry's plugin is called with: name and version are always the list's. */
export function netConfFor(
  list: NetConfList,
  plugin: PluginConf,
  injected: Injected = {},
): NetConf {
  const { prevResult, capabilityArgs = {}, validAttachments } = injected
  const runtimeConfig = runtimeConfigFor(plugin, capabilityArgs)
  return netConfOf({
    ...plugin,
    name: list.name,
    cniVersion: list.cniVersion,
    ...(runtimeConfig === undefined ? {} : { runtimeConfig }),
    ...(prevResult === undefined ? {} : { prevResult }),
    ...(validAttachments === undefined
      ? {}
      : {
          'cni.dev/valid-attachments': validAttachments,
          'cni.dev/attachments': validAttachments,
        }),
  })
}

/** Parses one entry. Throws a {@link CniError} of code 6, or 7 when it names no plugin. */
function parsePluginConf(value: unknown): PluginConf {
  const conf = check(pluginConfSchema, foldKeys(value, netConfKeys), 'error parsing configuration')
  if (conf.type === undefined || conf.type === '') {
    throw new CniError(
      cniErrorCodes.invalidNetworkConfig,
      "error parsing configuration: missing 'type'",
    )
  }
  return conf
}

function pluginsOf(raw: JsonObject, onlyInlined: boolean): PluginConf[] {
  const { plugins } = raw
  if (plugins === undefined) {
    if (onlyInlined) throw senseless("`loadOnlyInlinedPlugins` is true, and no 'plugins' key")
    return []
  }
  if (!Array.isArray(plugins)) throw undecodable("invalid 'plugins' type")
  if (plugins.length === 0) throw senseless('no plugins in list')
  return plugins.map((plugin, index) => {
    try {
      return parsePluginConf(plugin)
    } catch (error) {
      if (!(error instanceof CniError)) throw error
      const msg = `failed to parse plugin config ${index}: ${error.msg}`
      throw new CniError(error.code, msg, error.details, { cause: error })
    }
  })
}

function selectVersion(raw: JsonObject): string {
  const { cniVersion = '', cniVersions } = raw
  if (typeof cniVersion !== 'string') throw undecodable('invalid cniVersion type')
  if (cniVersions === undefined) return cniVersion === '' ? '0.1.0' : cniVersion
  if (!Array.isArray(cniVersions)) throw undecodable('invalid type for cniVersions')
  const candidates = cniVersions.map((version: unknown, index) => {
    if (typeof version === 'string') return version
    throw undecodable(`invalid type for cniVersions index ${index}`)
  })
  if (cniVersion !== '') candidates.push(cniVersion)
  const usable = candidates.filter((version) => compareVersions(version, currentCniVersion) <= 0)
  const newest = usable.sort(compareVersions).at(-1) ?? cniVersion
  return newest === '' ? '0.1.0' : newest
}

function booleanOf(raw: JsonObject, key: string): boolean {
  const value = raw[key] ?? false
  const text = typeof value === 'string' ? value.toLowerCase() : value
  if (text === true || text === 'true') return true
  if (text === false || text === 'false') return false
  throw undecodable(
    typeof value === 'string'
      ? `invalid value ${JSON.stringify(value)} for ${key}`
      : `invalid type for ${key}`,
  )
}

function undecodable(reason: string): CniError {
  return new CniError(cniErrorCodes.decodingFailure, `${what}: ${reason}`)
}

function senseless(reason: string): CniError {
  return new CniError(cniErrorCodes.invalidNetworkConfig, `${what}: ${reason}`)
}
