/** Whether this machine writes the low byte first: netlink headers are in the machine's order. */
export const littleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Four bytes in the machine's order, as the kernel keeps uids in registers. */
export function hostBytes32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, littleEndian)
  return bytes
}

/** The number that {@link hostBytes32} wrote. */
export function numberOfHostBytes32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, littleEndian)
}

/** Two bytes in the machine's order, as the kernel keeps zones in registers. */
export function hostBytes16(value: number): Uint8Array {
  const bytes = new Uint8Array(2)
  new DataView(bytes.buffer).setUint16(0, value, littleEndian)
  return bytes
}

/** The number that {@link hostBytes16} wrote. */
export function numberOfHostBytes16(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 2).getUint16(0, littleEndian)
}

/** Two bytes in network order, as ports are in packets. */
export function networkBytes16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}
