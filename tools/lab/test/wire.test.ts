import { describe, expect, test } from 'vitest'

import { pairHops, type AccessLogEntry } from '../src/hops.ts'
import { readSegments, type Segment } from '../src/pcap.ts'
import { connectionsOf } from '../src/wire.ts'

const [CLIENT, SERVER] = ['10.0.0.1:40000', '10.0.0.2:9080']
const HELLO = Uint8Array.of(22, 3, 1, 0, 5)

function segment(from: string, to: string, payload: string | Uint8Array): Segment {
  return { from, to, payload: typeof payload === 'string' ? Buffer.from(payload) : payload }
}

/** A frame of Ethernet, IPv4 and TCP with the given payload, wrapped as one packet of a pcap file. */
function pcapOf(payload: string): Uint8Array {
  const ethernet = Buffer.concat([Buffer.alloc(12), Buffer.from([0x08, 0x00])])
  const ip = Buffer.alloc(20)
  ip.writeUInt8(0x45, 0)
  ip.writeUInt16BE(40 + payload.length, 2)
  ip.writeUInt8(6, 9)
  ip.set([10, 0, 0, 1], 12)
  ip.set([10, 0, 0, 2], 16)
  const tcp = Buffer.alloc(20)
  tcp.writeUInt16BE(40_000, 0)
  tcp.writeUInt16BE(9080, 2)
  tcp.writeUInt8(0x50, 12)
  const padding = Buffer.alloc(6) // Ethernet frames have at least 60 bytes
  const frame = Buffer.concat([ethernet, ip, tcp, Buffer.from(payload), padding])
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt32LE(1, 20)
  const packet = Buffer.alloc(16)
  packet.writeUInt32LE(frame.length, 8)
  packet.writeUInt32LE(frame.length, 12)
  return Buffer.concat([header, packet, frame])
}

describe('a capture file', () => {
  test('gives the segments that carry data, without padding', () => {
    expect(readSegments(pcapOf('GET / HTTP/1.1'))).toEqual([
      { from: CLIENT, to: SERVER, payload: Buffer.from('GET / HTTP/1.1') },
    ])
    expect(readSegments(pcapOf(''))).toEqual([])
  })

  test('that ends in the middle of a packet is read up to there', () => {
    const file = pcapOf('GET /')
    expect(readSegments(file.subarray(0, file.length - 1))).toEqual([])
  })

  test('of another kind is refused', () => {
    expect(() => readSegments(Buffer.from('hello'))).toThrow('not a pcap file')
  })
})

describe('a connection is', () => {
  test.each<[string, Segment[]]>([
    ['tls', [segment(CLIENT, SERVER, HELLO), segment(SERVER, CLIENT, HELLO)]],
    ['plain', [segment(CLIENT, SERVER, 'GET / HTTP/1.1'), segment(SERVER, CLIENT, 'HTTP/1.1 200')]],
    // TLS at first sight, but then something readable: not what is to be shown.
    ['plain', [...[HELLO, 'GET / HTTP/1.1'].map((bytes) => segment(CLIENT, SERVER, bytes))]],
    ['other', [segment(CLIENT, SERVER, HELLO)]],
    ['other', [segment(CLIENT, SERVER, 'hello'), segment(SERVER, CLIENT, HELLO)]],
  ])('%s', (kind, segments) => {
    expect(connectionsOf(segments, 9080)).toMatchObject([{ client: CLIENT, server: SERVER, kind }])
  })
})

test('hops are paired by the address of the connection, not by its time', () => {
  const entry = (more: Partial<AccessLogEntry>): AccessLogEntry => ({
    ...{ time: '', namespace: 'default', pod: 'p', protocol: 'HTTP/1.1', method: 'GET' },
    ...{ path: '/x', responseCode: 200, tls: 'TLSv1.3', peerSpiffeId: null },
    ...{ direction: 'inbound', downstreamRemoteAddress: '', downstreamLocalAddress: '' },
    upstreamLocalAddress: null,
    ...more,
  })
  const client = entry({ direction: 'outbound', pod: 'a', upstreamLocalAddress: '10.0.0.1:5' })
  const server = entry({ pod: 'b', downstreamRemoteAddress: '10.0.0.1:5' })
  const alien = entry({ pod: 'b', downstreamRemoteAddress: '10.0.0.9:5' })
  expect(pairHops([alien, server, client])).toEqual([{ client, server }])
})
