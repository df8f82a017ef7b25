import { isEmptyDns } from './dns.ts'
import { CniError, cniErrorCodes } from './error.ts'
import { type JsonObject } from './json.ts'
import { omit } from './omit.ts'
import { ipVersionOf, type IpVersion, parseCidr } from './ip.ts'
import {
  type CniResult,
  type Interface040,
  type Interface100,
  type IpConfig020,
  type IpConfig040,
  type IpConfig100,
  type Result020,
  type Result040,
  type Result100,
  type ResultOf,
  type Route,
} from './result-schemas.ts'
import { isCniVersion } from './versions.ts'

/**
 * The same result in another version, as near as that version allows. Of the same version it is
 * `result` itself. Keys that no version knows go along wherever the object that holds them does; a
 * key that only the other version knows is not taken over, for nobody has checked it. Throws a
 * {@link CniError} of code 1: for a version that is none, and when 0.1.0 or 0.2.0 is asked for and
 * the result has no address.
 */
export function convertResult<V extends string>(result: CniResult, version: V): ResultOf<V> {
  const wanted = version === '' ? '0.1.0' : version
  if (result.cniVersion === wanted) return result as ResultOf<V>
  if (!isCniVersion(wanted) || !isCniVersion(result.cniVersion)) {
    throw inconvertible(`no converter for CNI result version ${result.cniVersion} to ${wanted}`)
  }
  return convert(result, wanted) as ResultOf<V>
}

function convert(result: CniResult, version: CniResult['cniVersion']): CniResult {
  switch (version) {
    case '0.1.0':
    case '0.2.0':
      if (is020(result)) return { ...result, cniVersion: version }
      return to020(is100(result) ? from100(result, '0.4.0') : result, version)
    case '0.3.0':
    case '0.3.1':
    case '0.4.0':
      if (is020(result)) return from020(result, version)
      return is100(result)
        ? from100(result, version)
        : { ...result, cniVersion: version, dns: result.dns ?? {} }
    case '1.0.0':
    case '1.1.0':
      if (is100(result)) return { ...result, cniVersion: version }
      return to100(is020(result) ? from020(result, '0.4.0') : result, version)
  }
}

function is020(result: CniResult): result is Result020 {
  return result.cniVersion === '0.1.0' || result.cniVersion === '0.2.0'
}

function is100(result: CniResult): result is Result100 {
  return result.cniVersion === '1.0.0' || result.cniVersion === '1.1.0'
}

function from020(result: Result020, version: Result040['cniVersion']): Result040 {
  const { ip4, ip6, dns } = result
  const ips: IpConfig040[] = []
  if (ip4 !== undefined) ips.push(ip040From020(ip4, '4'))
  if (ip6 !== undefined) ips.push(ip040From020(ip6, '6'))
  const routes = [...(ip4?.routes ?? []), ...(ip6?.routes ?? [])]
  return {
    ...omit(result, 'ip4', 'ip6', 'interfaces', 'ips', 'routes'),
    cniVersion: version,
    ...(ips.length === 0 ? {} : { ips }),
    ...(routes.length === 0 ? {} : { routes }),
    dns: dns ?? {},
  }
}

function ip040From020(config: IpConfig020, version: IpVersion): IpConfig040 {
  const others = omit<JsonObject>(config, 'ip', 'routes', 'version', 'interface', 'address')
  return { version, ...others, address: config.ip }
}

function to020(result: Result040, version: Result020['cniVersion']): Result020 {
  const { ips = [], routes = [], dns } = result
  const ip4 = ip020(ips, routes, '4')
  const ip6 = ip020(ips, routes, '6')
  if (ip4 === undefined && ip6 === undefined) {
    throw inconvertible('cannot convert: no valid IP addresses')
  }
  return {
    ...omit<JsonObject>(result, 'interfaces', 'ips', 'routes', 'ip4', 'ip6'),
    cniVersion: version,
    ...(ip4 === undefined ? {} : { ip4 }),
    ...(ip6 === undefined ? {} : { ip6 }),
    dns: dns ?? {},
  }
}

/** Older results hold one address a family: the first. */
function ip020(
  ips: readonly IpConfig040[],
  allRoutes: readonly Route[],
  version: IpVersion,
): IpConfig020 | undefined {
  const first = ips.find((ip) => declaredVersion(ip) === version)
  if (first === undefined) return undefined
  const routes = allRoutes
    .filter(({ dst }) => ipVersionIn(dst) === version)
    .map((route) => omit(route, 'mtu', 'advmss', 'priority', 'table', 'scope'))
  return {
    ip: first.address,
    ...omit<JsonObject>(first, 'version', 'interface', 'address', 'routes', 'ip'),
    ...(routes.length === 0 ? {} : { routes }),
  }
}

function declaredVersion({ version = '', address }: IpConfig040): string {
  return version === '' ? ipVersionIn(address) : version
}

function to100(result: Result040, version: Result100['cniVersion']): Result100 {
  const { interfaces, ips, dns } = result
  return {
    ...(isEmptyDns(dns) ? omit(result, 'dns') : result),
    cniVersion: version,
    ...(interfaces === undefined ? {} : { interfaces: interfaces.map(interface040) }),
    ...(ips === undefined ? {} : { ips: ips.map((ip) => omit(ip, 'version')) }),
  }
}

function from100(result: Result100, version: Result040['cniVersion']): Result040 {
  const { interfaces, ips, dns = {} } = result
  return {
    ...result,
    cniVersion: version,
    ...(interfaces === undefined ? {} : { interfaces: interfaces.map(interface040) }),
    ...(ips === undefined ? {} : { ips: ips.map(ip040From100) }),
    dns,
  }
}

function ip040From100(config: IpConfig100): IpConfig040 {
  return { version: ipVersionIn(config.address), ...omit(config, 'version') }
}

/** An interface without what only 1.1.0 knows. */
function interface040(entry: Interface040 | Interface100): Interface040 {
  return omit<Interface040>(entry, 'mtu', 'socketPath', 'pciID')
}

function ipVersionIn(cidr: string): IpVersion {
  const parsed = parseCidr(cidr)
  if (parsed === undefined) {
    throw inconvertible(`cannot convert: ${JSON.stringify(cidr)} is no address`)
  }
  return ipVersionOf(parsed)
}

function inconvertible(msg: string): CniError {
  return new CniError(cniErrorCodes.incompatibleVersion, msg)
}
