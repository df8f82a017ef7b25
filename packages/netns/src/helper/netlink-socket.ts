import koffi from 'koffi'
import { RawNetlinkSocket } from 'netlink/dist/raw.js'

/** Bytes of replies that may wait in the kernel: a thousand errors with their requests fit. */
const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024
/** Room beside the message that the kernel counts against the send buffer. */
const SEND_OVERHEAD_BYTES = 64 * 1024

/** Of socket(7) and netlink(7). */
const SOL_SOCKET = 1
const SO_SNDBUFFORCE = 32
const SO_RCVBUFFORCE = 33
const SOL_NETLINK = 270
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

/**
 * Opens a netlink socket in the namespace the calling thread is in; the socket stays there. Its
 * buffers are large enough for `requestBytes` and what comes back, whatever the host's limits are,
 * and errors carry the kernel's words instead of a copy of the request.
 */
export function openNetlinkSocket(protocol: number, requestBytes: number): RawNetlinkSocket {
  const socket = new RawNetlinkSocket(protocol)
  const fd = descriptorOf(socket.address().port)
  if (fd !== undefined) {
    // Each is an improvement only: without it small exchanges work all the same.
    set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    set(fd, SOL_SOCKET, SO_SNDBUFFORCE, requestBytes + SEND_OVERHEAD_BYTES)
    set(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1)
    set(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1)
  }
  return socket
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
