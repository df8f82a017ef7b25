import { getSystemErrorName } from 'node:util'

/** One netlink message; see netlink(7). Numbers are little-endian, as on every supported machine. */
export interface NetlinkMessage {
  readonly type: number
  readonly flags: number
  readonly seq: number
  readonly payload: Uint8Array
}

/** Message types of every netlink family. */
export const NLMSG_NOOP = 1
export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3

/** Message flags. */
export const NLM_F_REQUEST = 1
export const NLM_F_MULTI = 2
export const NLM_F_ACK = 4
export const NLM_F_DUMP_INTR = 0x10
export const NLM_F_DUMP = 0x300
export const NLM_F_EXCL = 0x200
export const NLM_F_CREATE = 0x400
/** On an error: attributes follow that explain it. */
const NLM_F_ACK_TLVS = 0x200
const NLM_F_CAPPED = 0x100

const HEADER = 16

/** Writes one message, padded. */
export function encodeMessage({ type, flags, seq, payload }: NetlinkMessage): Uint8Array {
  const message = new Uint8Array(align(HEADER + payload.length))
  const view = viewOf(message)
  view.setUint32(0, HEADER + payload.length, true)
  view.setUint16(4, type, true)
  view.setUint16(6, flags, true)
  view.setUint32(8, seq, true)
  message.set(payload, HEADER)
  return message
}

/** The messages of a datagram. Throws a RangeError when it is not whole. */
export function messagesOf(datagram: Uint8Array): readonly NetlinkMessage[] {
  const view = viewOf(datagram)
  const messages: NetlinkMessage[] = []
  for (let at = 0; at < datagram.length;) {
    const length = at + HEADER <= datagram.length ? view.getUint32(at, true) : 0
    if (length < HEADER || at + length > datagram.length) {
      throw new RangeError(`read netlink message at byte ${at}: it does not fit its datagram`)
    }
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      seq: view.getUint32(at + 8, true),
      payload: datagram.subarray(at + HEADER, at + length),
    })
    at = Math.min(align(at + length), datagram.length)
  }
  return messages
}

/** The kernel's verdict on a request. */
export interface NetlinkFailure {
  /** Such as `EEXIST`. */
  readonly errno: string
  /** The kernel's own words, where it has any. */
  readonly text: string | undefined
}

/** What an error message says; undefined for other messages and for acknowledgements. */
export function failureOf(message: NetlinkMessage): NetlinkFailure | undefined {
  if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) return undefined
  if (message.payload.length < 4) return undefined
  const errno = viewOf(message.payload).getInt32(0, true)
  if (errno >= 0) return undefined
  return { errno: getSystemErrorName(errno), text: textOf(message) }
}

/** `NLMSGERR_ATTR_MSG`, behind the copy of the request's header or of the whole request. */
function textOf({ type, flags, payload }: NetlinkMessage): string | undefined {
  if (type !== NLMSG_ERROR || !(flags & NLM_F_ACK_TLVS) || payload.length < 4 + HEADER)
    return undefined
  const request = flags & NLM_F_CAPPED ? HEADER : viewOf(payload).getUint32(4, true)
  const text = attributesOf(payload.subarray(4 + align(request))).get(1)
  return text === undefined ? undefined : stringOf(text)
}

/** Attributes by type, nested and byte-order bits cleared. Throws a RangeError when not whole. */
export function attributesOf(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const view = viewOf(bytes)
  const attributes = new Map<number, Uint8Array>()
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = view.getUint16(at, true)
    if (length < 4 || at + length > bytes.length) {
      throw new RangeError(`read netlink attribute at byte ${at}: it does not fit its message`)
    }
    attributes.set(view.getUint16(at + 2, true) & 0x3fff, bytes.subarray(at + 4, at + length))
    at += align(length)
  }
  return attributes
}

/** Writes one attribute, padded. */
export function encodeAttribute(type: number, value: Uint8Array): Uint8Array {
  const attribute = new Uint8Array(align(4 + value.length))
  const view = viewOf(attribute)
  view.setUint16(0, 4 + value.length, true)
  view.setUint16(2, type, true)
  attribute.set(value, 4)
  return attribute
}

/** Text up to its terminating zero. */
export function stringOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end)).toString('utf8')
}

/** A view of just these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function align(length: number): number {
  return (length + 3) & ~3
}
