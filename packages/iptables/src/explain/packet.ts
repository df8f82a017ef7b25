import { type Family } from '../model/family.ts'
import { type ConnectionState } from '../model/match.ts'

/** A packet, mostly the first one of a connection: what the rules look at. */
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
  /** Mark of the packet: for outbound packets what the socket has by SO_MARK. Default 0. */
  readonly mark?: number
  /** Mark of its connection. Default 0. */
  readonly connectionMark?: number
  /** What connection tracking thinks of it. Default `new`. */
  readonly connectionState?: ConnectionState | 'new'
  /** Whether a socket with IP_TRANSPARENT has its connection already. Default false. */
  readonly transparentSocket?: boolean
}
