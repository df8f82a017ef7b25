import { IptablesError } from '../error.ts'
import { littleEndian } from './byte-order.ts'

const decoder = new TextDecoder()

/** One netlink message as it came. */
export interface NetlinkMessage {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** What follows the header of 16 bytes. */
  readonly payload: Uint8Array
}

/** Takes a datagram apart; throws `reply-invalid` when lengths do not fit. */
export function readMessages(datagram: Uint8Array): NetlinkMessage[] {
  const view = viewOf(datagram)
  const messages: NetlinkMessage[] = []
  for (let at = 0; at < datagram.length;) {
    const length = at + 16 <= datagram.length ? view.getUint32(at, littleEndian) : 0
    if (length < 16 || at + length > datagram.length) throw malformed('message')
    messages.push({
      type: view.getUint16(at + 4, littleEndian),
      flags: view.getUint16(at + 6, littleEndian),
      sequence: view.getUint32(at + 8, littleEndian),
      payload: datagram.subarray(at + 16, at + length),
    })
    at += (length + 3) & ~3
  }
  return messages
}

/** One attribute: its number without flags, and its bytes. */
export interface Attribute {
  readonly type: number
  readonly value: Uint8Array
}

/** Takes a list of attributes apart, in order; a number may occur more than once. */
export function readAttributeList(bytes: Uint8Array): Attribute[] {
  const view = viewOf(bytes)
  const attributes: Attribute[] = []
  for (let at = 0; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? view.getUint16(at, littleEndian) : 0
    if (length < 4 || at + length > bytes.length) throw malformed('attribute')
    const type = view.getUint16(at + 2, littleEndian) & 0x3fff
    attributes.push({ type, value: bytes.subarray(at + 4, at + length) })
    at += (length + 3) & ~3
  }
  return attributes
}

/** Attributes by number; of several with one number the last counts. */
export type Attributes = ReadonlyMap<number, Uint8Array>

/** Takes attributes apart whose order means nothing. */
export function readAttributes(bytes: Uint8Array): Attributes {
  return new Map(readAttributeList(bytes).map(({ type, value }) => [type, value]))
}

/** An attribute that holds attributes; empty when it is absent. */
export function nestedIn(attributes: Attributes, type: number): Attributes {
  const value = attributes.get(type)
  return value === undefined ? new Map() : readAttributes(value)
}

/** An attribute of text, without the final NUL; undefined when it is absent. */
export function textIn(attributes: Attributes, type: number): string | undefined {
  const value = attributes.get(type)
  return value === undefined ? undefined : textOfBytes(value)
}

/** Text up to the first NUL. */
export function textOfBytes(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** An attribute of 32 bits in network order; undefined when it is absent. */
export function numberIn(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type)
  if (value === undefined) return undefined
  if (value.length < 4) throw malformed('number')
  return viewOf(value).getUint32(0)
}

/** A view of the same bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function malformed(what: string): IptablesError {
  return new IptablesError('reply-invalid', `netlink reply has a ${what} of an impossible length`)
}
