import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { eventually, spawnIn } from '@proxy/testkit'

import { type Lab } from './lab.ts'
import { must } from './must.ts'
import { readSegments, type Segment } from './pcap.ts'
import { BROADCAST } from './subnets.ts'

/** What one connection looked like to somebody on the wire. */
export interface WireConnection {
  /** Address and port of who opened it. */
  readonly client: string
  readonly server: string
  /** `tls` when both sides began with a TLS record; `plain` when HTTP could be read. */
  readonly kind: 'tls' | 'plain' | 'other'
  /** Bytes of payload. */
  readonly bytes: number
  /** The beginning as text, dots for what is not printable. */
  readonly excerpt: string
}

/** A running capture. */
export interface WireCapture {
  /** Ends it and returns what passed. */
  stop(): Promise<readonly WireConnection[]>
}

/** The last packet of a capture: UDP to the port of the discard service. */
const MARK = { port: 9, text: 'the capture ends here' }
const SEND_MARK = `
const socket = require('node:dgram').createSocket('udp4')
socket.bind(() => {
  socket.setBroadcast(true)
  socket.send('${MARK.text}', ${MARK.port}, '${BROADCAST}', () => socket.close())
})`

/** Starts to capture TCP to and from a port on the lab's bridge. */
export async function captureWire(
  lab: Pick<Lab, 'netns' | 'paths'>,
  { port }: { readonly port: number },
): Promise<WireCapture> {
  const file = join(lab.paths.root, 'wire.pcap')
  await rm(file, { force: true })
  const enter = ['nsenter', `--net=${lab.netns}`, '--'] as const
  const tcpdump = await spawnIn([
    ...enter,
    ...['tcpdump', '-i', 'cni0', '--immediate-mode', '-s', '0', '-U', '-Z', 'root', '-w', file],
    `tcp port ${port} or udp port ${MARK.port}`,
  ])
  await eventually(() => {
    const { stderr } = tcpdump.output()
    if (!stderr.includes('listening on')) throw new Error(`tcpdump does not listen: ${stderr}`)
  })
  return {
    async stop() {
      // What passed before the mark is in the file when the mark is.
      await must(...enter, process.execPath, '-e', SEND_MARK)
      await eventually(async () => {
        if (!(await readFile(file)).includes(MARK.text)) throw new Error('packets still arrive')
      })
      const ended = once(tcpdump.process, 'close')
      tcpdump.process.kill('SIGINT') // it ends at the end of a packet
      await ended
      return connectionsOf(readSegments(await readFile(file)), port)
    },
  }
}

/** Groups segments into connections to a port. */
export function connectionsOf(segments: readonly Segment[], port: number): WireConnection[] {
  const grouped = new Map<string, { client: string; server: string; parts: Segment[] }>()
  for (const segment of segments) {
    const toServer = segment.to.endsWith(`:${port}`)
    const [client, server] = toServer ? [segment.from, segment.to] : [segment.to, segment.from]
    const key = `${client} ${server}`
    const group = grouped.get(key) ?? { client, server, parts: [] }
    group.parts.push(segment)
    grouped.set(key, group)
  }
  return [...grouped.values()].map(({ client, server, parts }) => {
    const firsts = [
      parts.find(({ from }) => from === client),
      parts.find(({ from }) => from === server),
    ]
    const readable = parts.some(({ payload }) => isHttp(payload))
    const tls = firsts.every((part) => part !== undefined && isTlsRecord(part.payload))
    const bytes = parts.reduce((sum, { payload }) => sum + payload.length, 0)
    const kind = readable ? 'plain' : tls ? 'tls' : 'other'
    return { client, server, kind, bytes, excerpt: excerptOf(parts[0]?.payload) }
  })
}

/** A handshake record of TLS 1.0 to 1.3 (RFC 8446 section 5.1). */
function isTlsRecord(payload: Uint8Array): boolean {
  return payload[0] === 22 && payload[1] === 3
}

function isHttp(payload: Uint8Array): boolean {
  const text = Buffer.from(payload).toString('latin1')
  return /HTTP\/1\.[01]|^(GET|POST|PUT|HEAD) /.test(text)
}

function excerptOf(payload: Uint8Array = new Uint8Array()): string {
  return Buffer.from(payload.subarray(0, 32))
    .toString('latin1')
    .replaceAll(/[^\x20-\x7e]/g, '.')
}
