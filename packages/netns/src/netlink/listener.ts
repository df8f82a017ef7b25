import { formatAddress } from '../ip.ts'
import {
  attributesOf,
  encodeMessage,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  type NetlinkMessage,
  viewOf,
} from './message.ts'

/** A TCP socket that accepts connections. */
export interface Listener {
  readonly family: 'ipv4' | 'ipv6'
  /** `0.0.0.0` and `::` stand for every address. */
  readonly address: string
  readonly port: number
  /** An IPv6 listener on `::` that leaves IPv4 alone. */
  readonly v6Only: boolean
  /** Owner of the socket. */
  readonly uid: number
  /** Inode of the socket: what `/proc/<pid>/fd` shows as `socket:[inode]`. */
  readonly inode: number
  /** Index of the interface it is bound to; undefined when it is to none. */
  readonly index: number | undefined
}

const SOCK_DIAG_BY_FAMILY = 20
const IPPROTO_TCP = 6
const TCP_LISTEN = 10
const AF_INET = 2
const AF_INET6 = 10
const INET_DIAG_SKV6ONLY = 11
/** Size of `struct inet_diag_msg`. */
const DIAG_MESSAGE_BYTES = 72

/** Asks for the listening TCP sockets of a family; see sock_diag(7). */
export function listenerDump(family: 'ipv4' | 'ipv6'): Uint8Array {
  const payload = new Uint8Array(56)
  payload[0] = family === 'ipv4' ? AF_INET : AF_INET6
  payload[1] = IPPROTO_TCP
  viewOf(payload).setUint32(4, 1 << TCP_LISTEN, true)
  const flags = NLM_F_REQUEST | NLM_F_DUMP
  return encodeMessage({ type: SOCK_DIAG_BY_FAMILY, flags, seq: 1, payload })
}

/** Reads a listener; undefined for messages of other types. */
export function decodeListener({ type, payload }: NetlinkMessage): Listener | undefined {
  const family = payload[0]
  if (type !== SOCK_DIAG_BY_FAMILY || payload.length < DIAG_MESSAGE_BYTES) return undefined
  const view = viewOf(payload)
  const index = view.getUint32(40, true)
  const v6Only = attributesOf(payload.subarray(DIAG_MESSAGE_BYTES)).get(INET_DIAG_SKV6ONLY)
  return {
    family: family === AF_INET ? 'ipv4' : 'ipv6',
    address: formatAddress(payload.subarray(8, family === AF_INET ? 12 : 24)),
    port: view.getUint16(4, false),
    v6Only: v6Only?.[0] === 1,
    uid: view.getUint32(64, true),
    inode: view.getUint32(68, true),
    index: index === 0 ? undefined : index,
  }
}
