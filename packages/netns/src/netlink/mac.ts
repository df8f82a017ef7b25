/** The usual text of a hardware address; undefined when it is all zeros, as that of `lo` is. */
export function formatMac(bytes: Uint8Array): string | undefined {
  if (bytes.every((byte) => byte === 0)) return undefined
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
