import { type Family } from '../model/family.ts'

/** The first packet of a connection: what the rules look at. */
export interface Packet {
  /** From outside into the namespace, or made inside it. */
  readonly direction: 'inbound' | 'outbound'
  readonly family: Family
  /** Anything but TCP and UDP is `other`. */
  readonly protocol: 'tcp' | 'udp' | 'other'
  readonly source: string
  readonly destination: string
  /** Absent for `other`. */
  readonly sourcePort?: number
  /** Absent for `other`. */
  readonly destinationPort?: number
  /** Interface it came in by, or would leave by; a connection to an own address leaves by `lo`. */
  readonly interface: string
  /** Owner of the sending socket; for outbound packets. */
  readonly uid?: number
  /** Group of the owner; for outbound packets. */
  readonly gid?: number
}
