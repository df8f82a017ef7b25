import { convertResult } from './convert.ts'
import { check, decodeJson } from './decode.ts'
import { type Dns, isEmptyDns } from './dns.ts'
import { CniError, cniErrorCodes } from './error.ts'
import { foldKeys } from './fold.ts'
import { isJsonObject } from './json.ts'
import { resultKeys } from './known-keys.ts'
import { type NetConf } from './net-conf.ts'
import {
  type CniResult,
  result020Schema,
  result040Schema,
  result100Schema,
  type Interface100,
  type IpConfig100,
  type Route,
  type ResultOf,
} from './result-schemas.ts'
import { type CniVersion, currentCniVersion, isCniVersion } from './versions.ts'

/** What {@link createResult} is made from: a result of 1.1.0 without its version. */
export interface ResultParts {
  /** Interfaces that were made. */
  readonly interfaces?: Interface100[]
  /** Addresses. */
  readonly ips?: IpConfig100[]
  /** Routes of both families. */
  readonly routes?: Route[]
  /** Settings for a resolver; left out of the result when there are none. */
  readonly dns?: Dns
  /** Keys of your own. */
  readonly [key: string]: unknown
}

const families = [
  { versions: ['0.1.0', '0.2.0'], listed: '[ 0.1.0 0.2.0]', schema: result020Schema },
  { versions: ['0.3.0', '0.3.1', '0.4.0'], listed: '[0.3.0 0.3.1 0.4.0]', schema: result040Schema },
  { versions: ['1.0.0', '1.1.0'], listed: '[1.0.0 1.1.0]', schema: result100Schema },
] as const

/**
 * Parses a result, given as JSON text or decoded. With `version` it is read as a result of that
 * version's family and takes that version when it has none; without, as what it says it is, 0.1.0
 * when it says nothing. Known keys may be spelled in any case, null is absent; everything else stays
 * as it came. Throws a {@link CniError} of code 6, with the JSON path where there is one.
 */
export function parseResult<V extends string = CniVersion>(
  input: unknown,
  version?: V,
): ResultOf<V> {
  const isText = typeof input === 'string' || input instanceof Uint8Array
  const value = foldKeys(isText ? decodeJson(input, 'decode result') : input, resultKeys)
  if (!isJsonObject(value)) throw undecodable('decode result: $: expected object')
  const own = value['cniVersion'] ?? ''
  if (typeof own !== 'string') throw undecodable('decode result: $.cniVersion: expected string')
  const wanted = version ?? (own === '' ? '0.1.0' : own)
  const family = families.find(({ versions }) => (versions as readonly string[]).includes(wanted))
  if (family === undefined) {
    throw undecodable(`unsupported CNI result version ${JSON.stringify(wanted)}`)
  }
  const cniVersion = own === '' ? wanted : own
  if (!(family.versions as readonly string[]).includes(cniVersion)) {
    throw undecodable(
      `result type supports ${family.listed} but unmarshalled CNIVersion is ${JSON.stringify(own)}`,
    )
  }
  const complete =
    own !== '' ? value : 'cniVersion' in value ? { ...value, cniVersion } : { cniVersion, ...value }
  return check<CniResult>(family.schema, complete, 'decode result') as ResultOf<V>
}

/**
 * The previous result in a plugin's configuration, `undefined` when it has none. It is read with the
 * configuration's family, and stays in the version it is written in. Throws a {@link CniError} of
 * code 6.
 */
export function parsePrevResult(conf: NetConf): CniResult | undefined {
  if (conf.prevResult === undefined) return undefined
  try {
    return parseResult<string>(conf.prevResult, conf.cniVersion)
  } catch (error) {
    if (!(error instanceof CniError)) throw error
    const msg = `could not parse prevResult: ${error.msg}`
    throw new CniError(error.code, msg, error.details, { cause: error })
  }
}

/**
 * What a plugin that changes nothing answers: the previous result in the configuration's version,
 * or an empty one when the plugin is not chained. Throws as {@link parsePrevResult}.
 */
export function passThrough(conf: NetConf): CniResult {
  const prevResult = parsePrevResult(conf)
  if (prevResult !== undefined) return convertResult(prevResult, conf.cniVersion)
  if (isCniVersion(conf.cniVersion)) return emptyResult(conf.cniVersion)
  throw undecodable(`unsupported CNI result version ${JSON.stringify(conf.cniVersion)}`)
}

/**
 * Makes a result of `version` from the parts of a newest one. Throws a {@link CniError}: code 6 when
 * a part is malformed, code 1 when 0.1.0 or 0.2.0 is asked for and there is no address.
 */
export function createResult<V extends CniVersion = '1.1.0'>(
  parts: ResultParts,
  version?: V,
): ResultOf<V> {
  const { dns, ...others } = parts
  const complete = { cniVersion: currentCniVersion, ...others, ...(isEmptyDns(dns) ? {} : { dns }) }
  const newest = parseResult(complete, currentCniVersion)
  return convertResult(newest, version ?? currentCniVersion) as ResultOf<V>
}

/** JSON of a result as the reference prints it. */
export function encodeResult(result: CniResult): string {
  return JSON.stringify(result, null, 4)
}

function emptyResult(version: CniVersion): CniResult {
  return parseResult<string>(
    version.startsWith('0.') ? { cniVersion: version, dns: {} } : {},
    version,
  )
}

function undecodable(msg: string): CniError {
  return new CniError(cniErrorCodes.decodingFailure, msg)
}
