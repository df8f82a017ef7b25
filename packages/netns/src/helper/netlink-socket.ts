import koffi from 'koffi'
import { RawNetlinkSocket } from 'netlink/dist/raw.js'

/** Room for replies beside those that grow with the request. */
const RECEIVE_BYTES = 4 * 1024 * 1024
/**
 * A message takes at least 20 bytes and may be answered by a packet that the kernel counts as 768;
 * it doubles what it is asked for. The memory is used only when the packets are there.
 */
const RECEIVE_BYTES_PER_REQUEST_BYTE = 24
/** Room beside the message that the kernel counts against the send buffer. */
const SEND_OVERHEAD_BYTES = 64 * 1024

/** Of socket(7) and netlink(7). */
const SOL_SOCKET = 1
const SO_SNDBUFFORCE = 32
const SO_RCVBUFFORCE = 33
const SO_MEMINFO = 55
/** Which of the 32-bit words of `SO_MEMINFO` counts the packets that found no room. */
const SK_MEMINFO_DROPS = 8
const SOL_NETLINK = 270
const NETLINK_NO_ENOBUFS = 5
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const AF_NETLINK = 16

const self = koffi.load(null)
const getsockname = self.func('int getsockname(int fd, void *address, void *length)') as (
  fd: number,
  address: Uint8Array,
  length: Uint8Array,
) => number
const setsockopt = self.func(
  'int setsockopt(int fd, int level, int name, const void *value, unsigned int length)',
) as (fd: number, level: number, name: number, value: Uint8Array, length: number) => number

const getsockopt = self.func(
  'int getsockopt(int fd, int level, int name, void *value, void *length)',
) as (fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array) => number

/** A netlink socket, and how many replies found no room in it. */
export interface NetlinkSocket {
  readonly raw: RawNetlinkSocket
  /** Counts lost replies; 0 where it cannot be told. */
  drops(): number
}

/**
 * Opens a netlink socket in the namespace the calling thread is in; the socket stays there. Its
 * buffers are large enough for `requestBytes` and what comes back, whatever the host's limits are,
 * and errors carry the kernel's words instead of a copy of the request.
 */
export function openNetlinkSocket(protocol: number, requestBytes: number): NetlinkSocket {
  const raw = new RawNetlinkSocket(protocol)
  const fd = descriptorOf(raw.address().port)
  if (fd === undefined) return { raw, drops: () => 0 }
  const receiveBytes = RECEIVE_BYTES + requestBytes * RECEIVE_BYTES_PER_REQUEST_BYTE
  // Each is an improvement only: without it small exchanges work all the same.
  set(fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBytes)
  set(fd, SOL_SOCKET, SO_SNDBUFFORCE, requestBytes + SEND_OVERHEAD_BYTES)
  set(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1)
  set(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1)
  // The package ends the process when a socket has an error: losses are counted instead.
  set(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
  return { raw, drops: () => dropsOf(fd) }
}

function dropsOf(fd: number): number {
  const words = Buffer.alloc(4 * (SK_MEMINFO_DROPS + 1))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(words.length)
  const failed = getsockopt(fd, SOL_SOCKET, SO_MEMINFO, words, length) !== 0
  return failed ? 0 : words.readUInt32LE(4 * SK_MEMINFO_DROPS)
}

function set(fd: number, level: number, name: number, value: number): void {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  setsockopt(fd, level, name, bytes, bytes.length)
}

/**
 * The package does not tell the socket's descriptor, but the kernel tells each descriptor's port,
 * and the package gives a process's sockets different ones.
 */
function descriptorOf(port: number): number | undefined {
  const address = Buffer.alloc(12)
  const length = Buffer.alloc(4)
  for (let fd = 3; fd < 4096; fd++) {
    length.writeUInt32LE(address.length)
    if (getsockname(fd, address, length) !== 0) continue
    if (address.readUInt16LE(0) === AF_NETLINK && address.readUInt32LE(4) === port) return fd
  }
  return undefined
}
