/**
 * Frames between this library and its helper, over a stream:
 *
 *     u32 length of what follows | u32 length of the header | header, JSON | parts
 *
 * The header's `parts` lists the lengths of the binary parts, so that netlink messages and the
 * output of commands travel as they are.
 */
export interface Frame {
  /** Any JSON object. */
  readonly header: object
  readonly parts: readonly Uint8Array[]
}

/** No frame is longer: what comes next would not be a length. */
const MAX_FRAME_BYTES = 96 * 1024 * 1024

/** Writes one frame. */
export function encodeFrame(header: object, parts: readonly Uint8Array[] = []): Uint8Array {
  const text = Buffer.from(JSON.stringify({ ...header, parts: parts.map((part) => part.length) }))
  const total = 8 + text.length + parts.reduce((sum, part) => sum + part.length, 0)
  const frame = Buffer.allocUnsafe(total)
  frame.writeUInt32LE(total - 4, 0)
  frame.writeUInt32LE(text.length, 4)
  frame.set(text, 8)
  let at = 8 + text.length
  for (const part of parts) {
    frame.set(part, at)
    at += part.length
  }
  return frame
}

/** Takes a stream apart. Give it each chunk as it comes; it returns the frames that are whole. */
export function frameDecoder(): (chunk: Uint8Array) => readonly Frame[] {
  let chunks: Uint8Array[] = []
  let have = 0
  let need = 4
  return (chunk) => {
    chunks.push(chunk)
    have += chunk.length
    if (have < need) return []
    let rest = Buffer.concat(chunks)
    const frames: Frame[] = []
    for (;;) {
      need = frameLength(rest)
      if (rest.length < need) break
      frames.push(decodeFrame(rest.subarray(4, need)))
      rest = rest.subarray(need)
    }
    chunks = rest.length === 0 ? [] : [rest]
    have = rest.length
    return frames
  }
}

function frameLength(bytes: Buffer): number {
  if (bytes.length < 4) return 4
  const length = 4 + bytes.readUInt32LE(0)
  if (length >= 8 && length <= MAX_FRAME_BYTES) return length
  throw new Error(`read a frame: it cannot have ${length} bytes`)
}

function decodeFrame(frame: Buffer): Frame {
  const end = 4 + frame.readUInt32LE(0)
  const header: unknown = JSON.parse(frame.toString('utf8', 4, end))
  if (typeof header !== 'object' || header === null || !('parts' in header)) {
    throw new Error('read a frame: its header is not an object with parts')
  }
  const parts: Uint8Array[] = []
  let at = end
  for (const length of Array.isArray(header.parts) ? header.parts : []) {
    if (typeof length !== 'number' || length < 0 || at + length > frame.length) {
      throw new Error('read a frame: a part reaches over its end')
    }
    parts.push(frame.subarray(at, (at += length)))
  }
  return { header, parts }
}
