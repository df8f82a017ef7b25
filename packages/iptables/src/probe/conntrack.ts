import { type CallOptions, type NetlinkTransport } from '../apply/backend.ts'
import { addressOfBytes, formatAddress } from '../model/address.ts'
import { type Family } from '../model/family.ts'
import { flag, messageType, protocolFamily } from '../netlink/constants.ts'
import { kernelError } from '../netlink/errors.ts'
import {
  type Attributes,
  nestedIn,
  readAttributes,
  readMessages,
  viewOf,
} from '../netlink/reader.ts'
import { NetlinkWriter } from '../netlink/writer.ts'

/** Numbers of linux/netfilter/nfnetlink_conntrack.h: IPCTNL_MSG_CT_GET of NFNL_SUBSYS_CTNETLINK. */
const getConnections = (1 << 8) | 1
const tuple = { original: 1, reply: 2, address: 1, protocol: 2 } as const
const addressKey = {
  ipv4: { source: 1, destination: 2 },
  ipv6: { source: 3, destination: 4 },
} as const
const portKey = { source: 2, destination: 3 } as const

/** A connection that the kernel tracks, as it was asked for and as it is answered. */
export interface TrackedConnection {
  /** Port of the side that connected. */
  readonly clientPort: number
  /** Where it wanted to go. */
  readonly destination: string
  readonly destinationPort: number
  /** Port that answers it. */
  readonly answeringPort: number
}

/** Every connection of a family that the namespace of the socket tracks, with ports. */
export async function trackedConnections(
  netlink: NetlinkTransport,
  family: Family,
  options?: CallOptions,
): Promise<readonly TrackedConnection[]> {
  const writer = new NetlinkWriter()
  const flags = flag.request | flag.dump
  writer.message({ type: getConnections, flags, sequence: 1, family: protocolFamily[family] })
  const datagrams = await netlink.exchange(writer.take(), options)
  const messages = datagrams.flatMap((datagram) => readMessages(datagram))
  for (const message of messages) {
    const error = kernelError(message, 'reading connections')
    if (error !== undefined) throw error
  }
  return messages
    .filter(({ type }) => type > messageType.done)
    .flatMap(({ payload }) => connectionOf(family, readAttributes(payload.subarray(4))))
}

function connectionOf(family: Family, attributes: Attributes): TrackedConnection[] {
  const original = nestedIn(attributes, tuple.original)
  const reply = nestedIn(attributes, tuple.reply)
  const ports = nestedIn(original, tuple.protocol)
  const destination = nestedIn(original, tuple.address).get(addressKey[family].destination)
  const clientPort = portOf(ports, portKey.source)
  const destinationPort = portOf(ports, portKey.destination)
  const answeringPort = portOf(nestedIn(reply, tuple.protocol), portKey.source)
  if (
    destination === undefined ||
    clientPort === undefined ||
    destinationPort === undefined ||
    answeringPort === undefined
  ) {
    return []
  }
  const address = formatAddress(addressOfBytes(family, destination))
  return [{ clientPort, destination: address, destinationPort, answeringPort }]
}

function portOf(attributes: Attributes, key: number): number | undefined {
  const bytes = attributes.get(key)
  return bytes?.length === 2 ? viewOf(bytes).getUint16(0) : undefined
}
