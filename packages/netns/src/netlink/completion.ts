import {
  encodeMessage,
  messagesOf,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_MULTI,
  NLM_F_REQUEST,
  type NetlinkMessage,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
} from './message.ts'

/** `NETLINK_ROUTE` and `NETLINK_NETFILTER`. */
const ROUTE = 0
const NETFILTER = 12
/** `NFNL_MSG_BATCH_BEGIN` and `NFNL_MSG_BATCH_END`. */
const BATCH_BEGIN = 16
const BATCH_END = 17

/** Tells when all replies to a datagram are in. */
export interface Completion {
  /** To be sent behind the datagram, in a datagram of its own. */
  readonly fence: Uint8Array
  /** Takes each reply in turn. */
  receive(datagram: Uint8Array): { readonly keep: boolean; readonly complete: boolean }
}

/**
 * Knows when an exchange is complete without knowing what its messages mean. The kernel works on a
 * datagram while it is being sent, so every acknowledgement, error and single reply lies in the
 * socket's queue before the next datagram is looked at. The next one is a fence: an empty message
 * that does nothing and is acknowledged. Once that acknowledgement is in, only dumps can be open;
 * each ends with a message of its own. Neither acknowledgements that an older kernel leaves out
 * (of batch ends) nor errors that stand for a whole batch can therefore make it wait for ever.
 *
 * Throws a RangeError when the datagram is not whole, holds no request, or opens a batch that it
 * does not close: the kernel acknowledges the messages of such a batch and then drops them.
 */
export function completionOf(datagram: Uint8Array, protocol: number): Completion {
  const messages = messagesOf(datagram)
  check(messages, protocol)
  const batch = protocol === NETFILTER && messages[0]?.type === BATCH_BEGIN
  const dumps = new Set(
    batch ? [] : messages.filter((message) => isDump(message, protocol)).map(({ seq }) => seq),
  )
  const started = new Set<number>()
  const fenceSeq = unusedSeq(messages)
  let fenced = false

  const receive = (reply: Uint8Array): { keep: boolean; complete: boolean } => {
    let keep = false
    for (const { seq, type, flags } of messagesOf(reply)) {
      if (seq === fenceSeq) {
        fenced = true
        // What has not begun to answer as a dump was not taken for one.
        for (const dump of dumps) if (!started.has(dump)) dumps.delete(dump)
        continue
      }
      keep = true
      if (flags & NLM_F_MULTI) started.add(seq)
      if (type === NLMSG_DONE || type === NLMSG_ERROR) dumps.delete(seq)
    }
    return { keep, complete: fenced && dumps.size === 0 }
  }
  const flags = NLM_F_REQUEST | NLM_F_ACK
  const fence = encodeMessage({ type: NLMSG_NOOP, flags, seq: fenceSeq, payload: new Uint8Array() })
  return { fence, receive }
}

function check(messages: readonly NetlinkMessage[], protocol: number): void {
  if (messages.length === 0) throw new RangeError('there is no message')
  if (!messages.some(({ flags }) => flags & NLM_F_REQUEST)) {
    throw new RangeError('no message has the request flag')
  }
  if (protocol !== NETFILTER) return
  const opens = messages.filter(({ type }) => type === BATCH_BEGIN).length
  const closed = messages[0]?.type === BATCH_BEGIN && messages.at(-1)?.type === BATCH_END
  if (opens > 1 || (opens === 1 && !closed)) {
    throw new RangeError('a datagram with a batch has to be that batch, from its begin to its end')
  }
}

/** In other requests than for data the same bits mean replace and exclusive. */
function isDump({ type, flags }: NetlinkMessage, protocol: number): boolean {
  return (flags & NLM_F_DUMP) === NLM_F_DUMP && (protocol !== ROUTE || (type & 3) === 2)
}

function unusedSeq(messages: readonly NetlinkMessage[]): number {
  const used = new Set(messages.map(({ seq }) => seq))
  let seq = 0xffff_fff0
  while (used.has(seq)) seq -= 1
  return seq
}
