import { viewOf, readMessages } from './reader.ts'
import { flag, messageType } from './constants.ts'
import { littleEndian } from './byte-order.ts'

/** Knows when the answer to a datagram is complete. */
export interface ReplyTracker {
  /** Takes a datagram that came in; true when it was the last one. */
  accept(datagram: Uint8Array): boolean
  /** Whether the answer is complete; true from the start when nothing will be answered. */
  readonly complete: boolean
}

/** Follows the answers to a datagram by the rule that `NetlinkTransport` states. */
export function replyTracker(messages: Uint8Array): ReplyTracker {
  const sent = readMessages(messages)
  const first = sent[0]?.sequence
  const open = new Set(
    sent
      .filter(({ flags }) => (flags & flag.ack) !== 0 || (flags & flag.dump) === flag.dump)
      .map(({ sequence }) => sequence),
  )
  return {
    get complete() {
      return open.size === 0
    },
    accept(datagram) {
      for (const { type, sequence, payload } of readMessages(datagram)) {
        if (type !== messageType.error && type !== messageType.done) continue
        open.delete(sequence)
        if (type === messageType.error && sequence === first && errorNumber(payload) !== 0) {
          open.clear()
        }
      }
      return open.size === 0
    },
  }
}

/** The error number of an NLMSG_ERROR, positive; 0 is an acknowledgement. */
export function errorNumber(payload: Uint8Array): number {
  return payload.length < 4 ? 0 : -viewOf(payload).getInt32(0, littleEndian)
}
