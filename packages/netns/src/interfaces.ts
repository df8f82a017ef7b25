import { NetnsError } from './error.ts'
import { parseCidr } from './ip.ts'
import {
  addAddressRequest,
  addressDump,
  decodeAddress,
  type InterfaceAddress,
  removeAddressRequest,
} from './netlink/address.ts'
import { decodeLink, type Link, linkDump, linkRequest, linkUpRequest } from './netlink/link.ts'
import { decodeListener, type Listener, listenerDump } from './netlink/listener.ts'
import { dump, refusal, request } from './netlink/request.ts'
import { type CallOptions, type NetlinkConnection } from './netns-helper.ts'

/** What the kernel allows: 15 bytes, no slash, no white space. */
const INTERFACE_NAME = /^(?!\.{1,2}$)[^/\s\0:]{1,15}$/

/** All interfaces. */
export function links(route: NetlinkConnection, options: CallOptions): Promise<readonly Link[]> {
  return dump(route, linkDump(), decodeLink, options)
}

/** All addresses. */
export function addresses(
  route: NetlinkConnection,
  options: CallOptions,
): Promise<readonly InterfaceAddress[]> {
  return dump(route, addressDump(), decodeAddress, options)
}

/** All listening TCP sockets, IPv4 first. */
export async function listeners(
  sockDiag: NetlinkConnection,
  options: CallOptions,
): Promise<readonly Listener[]> {
  const ipv4 = await dump(sockDiag, listenerDump('ipv4'), decodeListener, options)
  const ipv6 = await dump(sockDiag, listenerDump('ipv6'), decodeListener, options)
  return [...ipv4, ...ipv6]
}

/** Switches an interface on. */
export async function setLinkUp(
  route: NetlinkConnection,
  ifname: string,
  options: CallOptions,
): Promise<void> {
  const doing = `switch on ${ifname}`
  const index = await indexOf(route, ifname, doing, options)
  const { failure } = await request(route, linkUpRequest(index), options)
  if (failure !== undefined) throw refusal(doing, failure)
}

/** Adds an address; one that is there is as good. */
export async function addAddress(
  route: NetlinkConnection,
  text: string,
  ifname: string,
  options: CallOptions,
): Promise<void> {
  const doing = `add ${text} to ${ifname}`
  const cidr = parseCidr(text)
  const index = await indexOf(route, ifname, doing, options)
  const { failure } = await request(route, addAddressRequest(cidr, index), options)
  if (failure !== undefined && failure.errno !== 'EEXIST') throw refusal(doing, failure)
}

/** Removes an address; one that is not there is as good. */
export async function removeAddress(
  route: NetlinkConnection,
  text: string,
  ifname: string,
  options: CallOptions,
): Promise<void> {
  const doing = `remove ${text} from ${ifname}`
  const cidr = parseCidr(text)
  let index: number
  try {
    index = await indexOf(route, ifname, doing, options)
  } catch (error) {
    if (error instanceof NetnsError && error.code === 'link-not-found') return
    throw error
  }
  const { failure } = await request(route, removeAddressRequest(cidr, index), options)
  const gone = ['EADDRNOTAVAIL', 'ENODEV', 'ENXIO']
  if (failure !== undefined && !gone.includes(failure.errno)) throw refusal(doing, failure)
}

async function indexOf(
  route: NetlinkConnection,
  ifname: string,
  doing: string,
  options: CallOptions,
): Promise<number> {
  if (!INTERFACE_NAME.test(ifname)) {
    throw new NetnsError('invalid-argument', `${doing}: not the name of an interface`)
  }
  const { messages, failure } = await request(route, linkRequest(ifname), options)
  if (failure !== undefined && failure.errno !== 'ENODEV') throw refusal(doing, failure)
  const link = messages.map(decodeLink).find((found) => found !== undefined)
  if (link !== undefined) return link.index
  throw new NetnsError('link-not-found', `${doing}: there is no such interface`)
}
