import { littleEndian } from './byte-order.ts'

const encoder = new TextEncoder()

/** Flag of an attribute that holds attributes (NLA_F_NESTED). */
const nested = 0x8000

/** Writes netlink messages one after the other into one growing buffer. */
export class NetlinkWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096)
  #view: DataView = new DataView(this.#bytes.buffer)
  #at = 0

  /** Bytes written so far. */
  get length(): number {
    return this.#at
  }

  /** One message of nfnetlink: header, `nfgenmsg`, then what `body` writes. */
  message(
    header: { type: number; flags: number; sequence: number; family: number; resource?: number },
    body?: () => void,
  ): void {
    const start = this.#reserve(20)
    this.#view.setUint16(start + 4, header.type, littleEndian)
    this.#view.setUint16(start + 6, header.flags, littleEndian)
    this.#view.setUint32(start + 8, header.sequence, littleEndian)
    this.#bytes[start + 16] = header.family
    this.#view.setUint16(start + 18, header.resource ?? 0)
    body?.()
    this.#view.setUint32(start, this.#at - start, littleEndian)
  }

  /** Sets flags of a message that was written, by the place of its flags. */
  addFlags(at: number, flags: number): void {
    this.#view.setUint16(at, this.#view.getUint16(at, littleEndian) | flags, littleEndian)
  }

  /** An attribute that holds the attributes that `body` writes. */
  nest(type: number, body: () => void): void {
    const start = this.#reserve(4)
    this.#view.setUint16(start + 2, type | nested, littleEndian)
    body()
    this.#view.setUint16(start, this.#at - start, littleEndian)
  }

  /** An attribute of bytes. */
  bytes(type: number, value: Uint8Array): void {
    const start = this.#attribute(type, value.length)
    this.#bytes.set(value, start)
  }

  /** An attribute of text with the final NUL. */
  text(type: number, value: string): void {
    this.bytes(type, encoder.encode(`${value}\0`))
  }

  /** An attribute of a number in network order, as nf_tables wants its numbers. */
  number(type: number, value: number): void {
    const at = this.#attribute(type, 4) // may replace the view
    this.#view.setUint32(at, value >>> 0)
  }

  /** Everything written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#at)
  }

  #attribute(type: number, length: number): number {
    const start = this.#reserve(4 + length)
    this.#view.setUint16(start, 4 + length, littleEndian)
    this.#view.setUint16(start + 2, type, littleEndian)
    return start + 4
  }

  /** Makes room up to the next multiple of four; new bytes are zero. */
  #reserve(length: number): number {
    const start = this.#at
    this.#at += (length + 3) & ~3
    if (this.#at > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#at, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    return start
  }
}
