import { parseAddress } from '../model/address.ts'
import { cidrOf, covers, parseCidr } from '../model/cidr.ts'
import { type Family } from '../model/family.ts'
import { type IstioConfig } from './config.ts'

/** What the rules of one family need to know again and again. */
export interface Scope {
  readonly config: IstioConfig
  /** The loopback block of the family. */
  readonly loopback: string
  /** Address from which the proxy connects to the application. */
  readonly source: string
  /** Whether DNS is captured at all: asked for, and there is something to capture. */
  readonly isDns: boolean
  /** Name servers of the family, as blocks of one address. */
  readonly dnsServers: readonly string[]
  /** Destinations of the family to capture. */
  readonly includeCidrs: '*' | readonly string[]
  /** Destinations of the family never to capture. */
  readonly excludeCidrs: readonly string[]
  /** Whether a loopback address is to be captured, whatever its family. */
  readonly isLoopbackCaptured: boolean
}

/** The part of a configuration that concerns one family. */
export function scopeOf(config: IstioConfig, family: Family): Scope {
  const isIpv4 = family === 'ipv4'
  const { includeOutboundCidrs: include, dnsServers } = config
  return {
    config,
    loopback: isIpv4 ? config.loopbackCidr : '::1/128',
    source: isIpv4 ? '127.0.0.6/32' : '::6/128',
    isDns: config.redirectDns && (config.captureAllDns || dnsServers.length > 0),
    dnsServers: dnsServers
      .filter((server) => parseAddress(server)?.family === family)
      .map((server) => `${server}/${isIpv4 ? 32 : 128}`),
    includeCidrs: include === '*' ? '*' : include.filter((cidr) => isOf(cidr, family)),
    excludeCidrs: config.excludeOutboundCidrs.filter((cidr) => isOf(cidr, family)),
    isLoopbackCaptured: include !== '*' && include.some(isLoopback),
  }
}

function isOf(cidr: string, family: Family): boolean {
  return parseCidr(cidr)?.family === family
}

const loopbacks = [cidrOf('127.0.0.0/8'), cidrOf('::1/128')]

/** Whether the address before the slash is a loopback address: its length does not matter. */
function isLoopback(cidr: string): boolean {
  const address = parseAddress(cidr.slice(0, cidr.lastIndexOf('/')))
  if (address === undefined) return false
  const prefix = address.family === 'ipv4' ? 32 : 128
  return loopbacks.some((loopback) => covers(loopback, { ...address, prefix }))
}
