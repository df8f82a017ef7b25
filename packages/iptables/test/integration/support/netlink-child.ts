// Runs inside a namespace: what comes in by stdin goes to the kernel, what the kernel answers goes
// out by stdout; each datagram behind its length in 4 bytes.
import { RawNetlinkSocket } from 'netlink/dist/raw.js'

const NETLINK_NETFILTER = 12
const socket = new RawNetlinkSocket(NETLINK_NETFILTER)

socket.on('message', (datagram) => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(datagram.length)
  process.stdout.write(Buffer.concat([length, datagram]))
})
socket.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})

let pending = Buffer.alloc(0)
process.stdin.on('data', (chunk: Buffer) => {
  pending = Buffer.concat([pending, chunk])
  while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
    const end = 4 + pending.readUInt32BE(0)
    socket.send(pending.subarray(4, end))
    pending = pending.subarray(end)
  }
})
process.stdin.on('end', () => socket.close())
