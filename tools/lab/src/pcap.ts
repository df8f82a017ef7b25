/** A TCP segment with data, as a packet capture has it. */
export interface Segment {
  /** `address:port` */
  readonly from: string
  readonly to: string
  readonly payload: Uint8Array
}

const ETHERNET = 1
const IPV4 = 0x0800
const IPV6 = 0x86dd
const TCP = 6

/**
 * Reads the TCP segments that carry data from a capture file (the pcap format, little-endian as
 * tcpdump writes it here, Ethernet frames). A packet that is cut off at the end is left out.
 */
export function readSegments(file: Uint8Array): readonly Segment[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < 24 || view.getUint32(0, true) !== 0xa1b2c3d4) throw new Error('not a pcap file')
  if (view.getUint32(20, true) !== ETHERNET)
    throw new Error('the capture is not of Ethernet frames')
  const segments: Segment[] = []
  for (let at = 24; at + 16 <= file.length;) {
    const length = view.getUint32(at + 8, true)
    const frame = file.subarray(at + 16, at + 16 + length)
    if (frame.length < length) break
    const segment = segmentOf(frame)
    if (segment !== undefined) segments.push(segment)
    at += 16 + length
  }
  return segments
}

function segmentOf(frame: Uint8Array): Segment | undefined {
  const packet = frame.subarray(14)
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0)
  if (type === IPV4 && packet[9] === TCP) {
    const total = ((packet[2] ?? 0) << 8) | (packet[3] ?? 0)
    const header = ((packet[0] ?? 0) & 0xf) * 4
    const [from, to] = [packet.subarray(12, 16).join('.'), packet.subarray(16, 20).join('.')]
    return tcp(packet.subarray(header, total), from, to)
  }
  if (type === IPV6 && packet[6] === TCP) {
    const length = ((packet[4] ?? 0) << 8) | (packet[5] ?? 0)
    const [from, to] = [ipv6(packet.subarray(8, 24)), ipv6(packet.subarray(24, 40))]
    return tcp(packet.subarray(40, 40 + length), from, to)
  }
  return undefined
}

function tcp(bytes: Uint8Array, from: string, to: string): Segment | undefined {
  const port = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  const payload = bytes.subarray(((bytes[12] ?? 0) >> 4) * 4)
  if (payload.length === 0) return undefined
  return { from: `${from}:${port(0)}`, to: `${to}:${port(2)}`, payload }
}

/** Without `::`: for comparison with itself only. */
function ipv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  )
  return `[${groups.join(':')}]`
}
