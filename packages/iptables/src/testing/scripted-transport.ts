import { type NetlinkTransport } from '../apply/backend.ts'
import { flag, messageType } from '../netlink/constants.ts'
import { littleEndian } from '../netlink/byte-order.ts'
import { type NetlinkMessage, readMessages } from '../netlink/reader.ts'

/** A transport without a kernel. */
export interface ScriptedTransport extends NetlinkTransport {
  /** Every datagram sent so far, in order. */
  readonly datagrams: readonly Uint8Array[]
}

/**
 * A transport for tests: keeps what is sent, acknowledges what asks for it, says that there is
 * nothing to what asks for data, and refuses a message when `refuse` returns an error number.
 */
export function scriptedTransport(
  refuse: (message: NetlinkMessage) => number | undefined = () => undefined,
): ScriptedTransport {
  const datagrams: Uint8Array[] = []
  return {
    datagrams,
    exchange(messages) {
      datagrams.push(messages)
      const replies = readMessages(messages).flatMap((message) => {
        const errno = refuse(message)
        if (errno !== undefined) return [answer(messageType.error, message.sequence, -errno)]
        if ((message.flags & flag.dump) === flag.dump) {
          return [answer(messageType.done, message.sequence, 0)]
        }
        return (message.flags & flag.ack) === 0
          ? []
          : [answer(messageType.error, message.sequence, 0)]
      })
      return Promise.resolve(replies)
    },
  }
}

/** An NLMSG_ERROR or NLMSG_DONE with its number, and the header that it repeats. */
function answer(type: number, sequence: number, code: number): Uint8Array {
  const bytes = new Uint8Array(36)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length, littleEndian)
  view.setUint16(4, type, littleEndian)
  view.setUint32(8, sequence, littleEndian)
  view.setInt32(16, code, littleEndian)
  return bytes
}
