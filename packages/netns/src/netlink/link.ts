import { formatMac } from './mac.ts'
import {
  attributesOf,
  encodeAttribute,
  encodeMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  type NetlinkMessage,
  stringOf,
  viewOf,
} from './message.ts'

/** A network interface. */
export interface Link {
  readonly index: number
  readonly name: string
  /** `veth`, `bridge` and so on; undefined for hardware and `lo`. */
  readonly kind: string | undefined
  /** Largest packet, bytes. */
  readonly mtu: number
  /** Hardware address, such as `02:00:00:00:00:01`; undefined where there is none. */
  readonly mac: string | undefined
  /** Whether it is switched on. */
  readonly up: boolean
  readonly loopback: boolean
  /** State as RFC 2863 names it: `up`, `down`, `unknown` and so on. */
  readonly operState: string
  /** Index of the other end of a veth pair, or of the interface below; it may be in another namespace. */
  readonly peerIndex: number | undefined
}

const RTM_NEWLINK = 16
const RTM_GETLINK = 18
const IFF_UP = 1
const IFF_LOOPBACK = 8
const IFLA = { address: 1, name: 3, mtu: 4, link: 5, operState: 16, linkInfo: 18 } as const
const IFLA_INFO_KIND = 1
const OPER_STATES = [
  'unknown',
  'not-present',
  'down',
  'lower-layer-down',
  'testing',
  'dormant',
  'up',
]

/** Asks for all interfaces. */
export function linkDump(): Uint8Array {
  const flags = NLM_F_REQUEST | NLM_F_DUMP
  return encodeMessage({ type: RTM_GETLINK, flags, seq: 1, payload: interfaceInfo(0, 0) })
}

/** Asks for one interface. */
export function linkRequest(name: string): Uint8Array {
  const attribute = encodeAttribute(IFLA.name, Buffer.from(`${name}\0`))
  const payload = Buffer.concat([interfaceInfo(0, 0), attribute])
  return encodeMessage({ type: RTM_GETLINK, flags: NLM_F_REQUEST, seq: 1, payload })
}

/** Asks for an interface to be switched on. */
export function linkUpRequest(index: number): Uint8Array {
  const flags = NLM_F_REQUEST | NLM_F_ACK
  return encodeMessage({ type: RTM_NEWLINK, flags, seq: 1, payload: interfaceInfo(index, IFF_UP) })
}

/** Reads an interface; undefined for messages of other types. */
export function decodeLink({ type, payload }: NetlinkMessage): Link | undefined {
  if (type !== RTM_NEWLINK) return undefined
  const view = viewOf(payload)
  const attributes = attributesOf(payload.subarray(16))
  const number = (attribute: number): number | undefined => {
    const value = attributes.get(attribute)
    return value === undefined ? undefined : viewOf(value).getUint32(0, true)
  }
  const info = attributes.get(IFLA.linkInfo)
  const kind = info === undefined ? undefined : attributesOf(info).get(IFLA_INFO_KIND)
  const flags = view.getUint32(8, true)
  const mac = attributes.get(IFLA.address)
  return {
    index: view.getInt32(4, true),
    name: stringOf(attributes.get(IFLA.name) ?? new Uint8Array()),
    kind: kind === undefined ? undefined : stringOf(kind),
    mtu: number(IFLA.mtu) ?? 0,
    mac: mac === undefined ? undefined : formatMac(mac),
    up: (flags & IFF_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    operState: OPER_STATES[attributes.get(IFLA.operState)?.[0] ?? 0] ?? 'unknown',
    peerIndex: number(IFLA.link),
  }
}

/** `struct ifinfomsg` of rtnetlink(7); the flags are also the mask of what changes. */
function interfaceInfo(index: number, flags: number): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = viewOf(bytes)
  view.setInt32(4, index, true)
  view.setUint32(8, flags, true)
  view.setUint32(12, flags, true)
  return bytes
}
