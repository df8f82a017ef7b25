import { type Cidr, formatAddress } from '../ip.ts'
import {
  attributesOf,
  encodeAttribute,
  encodeMessage,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  NLM_F_REQUEST,
  type NetlinkMessage,
  viewOf,
} from './message.ts'

/** An address that an interface has, as `ip address` shows it. */
export interface InterfaceAddress {
  readonly family: 'ipv4' | 'ipv6'
  readonly address: string
  readonly prefixLength: number
  /** Index of its interface. */
  readonly index: number
  readonly scope: 'global' | 'site' | 'link' | 'host' | 'nowhere' | number
}

const RTM_NEWADDR = 20
const RTM_DELADDR = 21
const RTM_GETADDR = 22
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_F_NODAD = 2
const AF_INET = 2
const AF_INET6 = 10
const SCOPES: Readonly<Record<number, InterfaceAddress['scope']>> = {
  0: 'global',
  200: 'site',
  253: 'link',
  254: 'host',
  255: 'nowhere',
}

/** Asks for all addresses of both families. */
export function addressDump(): Uint8Array {
  const flags = NLM_F_REQUEST | NLM_F_DUMP
  return encodeMessage({ type: RTM_GETADDR, flags, seq: 1, payload: new Uint8Array(8) })
}

/** Asks for an address to be added to an interface, usable at once (no duplicate detection). */
export function addAddressRequest(cidr: Cidr, index: number): Uint8Array {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
  return encodeMessage({ type: RTM_NEWADDR, flags, seq: 1, payload: addressInfo(cidr, index) })
}

/** Asks for an address to be taken off an interface. */
export function removeAddressRequest(cidr: Cidr, index: number): Uint8Array {
  const flags = NLM_F_REQUEST | NLM_F_ACK
  return encodeMessage({ type: RTM_DELADDR, flags, seq: 1, payload: addressInfo(cidr, index) })
}

/** Reads an address; undefined for messages of other types and families. */
export function decodeAddress({ type, payload }: NetlinkMessage): InterfaceAddress | undefined {
  const [family, prefixLength, , scope] = payload
  if (type !== RTM_NEWADDR || (family !== AF_INET && family !== AF_INET6)) return undefined
  const attributes = attributesOf(payload.subarray(8))
  // On point-to-point interfaces the plain one is the other end's.
  const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS)
  if (bytes === undefined || prefixLength === undefined || scope === undefined) return undefined
  return {
    family: family === AF_INET ? 'ipv4' : 'ipv6',
    address: formatAddress(bytes),
    prefixLength,
    index: viewOf(payload).getUint32(4, true),
    scope: SCOPES[scope] ?? scope,
  }
}

/** `struct ifaddrmsg` of rtnetlink(7) and the address. */
function addressInfo({ family, address, prefixLength }: Cidr, index: number): Uint8Array {
  const bytes = new Uint8Array(8)
  bytes[0] = family === 'ipv4' ? AF_INET : AF_INET6
  bytes[1] = prefixLength
  bytes[2] = family === 'ipv4' ? 0 : IFA_F_NODAD
  bytes[3] = isLoopback(address) ? 254 : 0
  viewOf(bytes).setUint32(4, index, true)
  return Buffer.concat([
    bytes,
    encodeAttribute(IFA_LOCAL, address),
    encodeAttribute(IFA_ADDRESS, address),
  ])
}

function isLoopback(address: Uint8Array): boolean {
  return address.length === 4 && address[0] === 127
}
