import { type AccessLogLine } from '@proxy/envoy-config'
import { eventually, type Spawned } from '@proxy/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ports } from '../fixtures/ports.ts'
import { createWorld, type Pod, spiffeIdOf, trustDomain, type World } from './world.ts'

let world: World
let client: Pod
let server: Pod
let strict: Pod
let outside: Pod

beforeAll(async () => {
  world = await createWorld()
  client = await world.pod('client')
  server = await world.pod('server')
  strict = await world.pod('strict')
  outside = await world.pod('outside')
  await world.serve(server)
  await world.serve(strict)
  await world.serve(outside)
  await world.peers([client, server, strict])
  await world.capture(client)
  await world.capture(server)
  await world.capture(strict, { mode: 'strict', portModes: { [ports.banner]: 'permissive' } })
})
afterAll(() => world[Symbol.asyncDispose]())

/** The log lines of one hop as its two sidecars wrote them, once both have. */
async function hop(
  from: Pod,
  to: Pod,
  port: number,
): Promise<readonly [AccessLogLine, AccessLogLine]> {
  return eventually(async () => {
    const [outbound, inbound] = await Promise.all([world.accessLog(from), world.accessLog(to)])
    const out = outbound.findLast(
      (line) => line.direction === 'outbound' && String(line.upstreamHost).endsWith(`:${port}`),
    )
    const into = inbound.find(
      (line) =>
        line.direction === 'inbound' && line.downstreamRemoteAddress === out?.upstreamLocalAddress,
    )
    expect(out).toBeDefined()
    expect(into).toBeDefined()
    return [out!, into!]
  })
}

describe.each(['ipv4', 'ipv6'] as const)('captured to captured over %s', (family) => {
  test('HTTP/1.1 is mutual TLS between the sidecars, and both name the other', async () => {
    const answer = await world.talk(client, 'get', server[family], ports.http, '/a?secret=1')
    expect(answer).toMatchObject({ status: 200 })
    const [out, into] = await hop(client, server, ports.http)
    expect(out).toMatchObject({
      ...{ chain: 'peer-http1', protocol: 'HTTP/1.1', method: 'GET', path: '/a' },
      ...{ pod: 'client', namespace: 'pxt', responseCode: 200, tls: 'TLSv1.3' },
      peerSpiffeId: spiffeIdOf(server),
    })
    expect(into).toMatchObject({
      ...{ chain: 'mtls-http1', protocol: 'HTTP/1.1', method: 'GET', path: '/a' },
      ...{ pod: 'server', namespace: 'pxt', responseCode: 200, tls: 'TLSv1.3' },
      peerSpiffeId: spiffeIdOf(client),
    })
    expect(into.requestId).toBe(out.requestId)
    expect(JSON.stringify([out, into])).not.toContain('secret')
  })

  test('HTTP/2 without TLS arrives as HTTP/2', async () => {
    expect(await world.talk(client, 'http2', server[family], ports.http2)).toEqual({
      body: 'h2 GET /two',
      version: '2.0',
    })
    const [out, into] = await hop(client, server, ports.http2)
    expect(out).toMatchObject({ chain: 'peer-http2', protocol: 'HTTP/2' })
    expect(into).toMatchObject({ chain: 'mtls-http2', protocol: 'HTTP/2' })
  })

  test('bytes, and a server that speaks first', async () => {
    expect(await world.talk(client, 'echo', server[family], ports.echo, 'bytes')).toBe('bytes')
    const [out, into] = await hop(client, server, ports.echo)
    expect(out).toMatchObject({ chain: 'peer-tcp', protocol: null, tls: 'TLSv1.3' })
    expect(into).toMatchObject({ chain: 'mtls-tcp', bytesReceived: 5, bytesSent: 5 })
    expect(await world.talk(client, 'banner', server[family], ports.banner)).toBe('220 hello\n')
  })
})

describe('captured to captured', () => {
  test('a client that ends its side after a while still gets its answer', async () => {
    const answer = await world.talk(client, 'half-close-later', server.ipv4, ports.count, '5')
    expect(answer).toBe('got 5')
  })

  test('text without line ends, which could begin a request, is bytes', async () => {
    const talk = (from: Pod, to: Pod): Promise<unknown> =>
      world.talk(from, 'half-close-later', to.ipv4, ports.count, '1000000')
    const answers = await Promise.all([
      ...[talk(client, server), talk(client, outside), talk(outside, server)],
      ...[talk(client, server), talk(client, outside), talk(outside, server)],
    ])
    expect(new Set(answers)).toEqual(new Set(['got 1000000']))
  })

  test.each(['5', '300000'])(
    'on a raw port a client may end its side at once: %s bytes',
    async (size) => {
      const answer = await world.talk(client, 'half-close', server.ipv4, ports.raw, size)
      expect(answer).toBe(`got ${size}`)
      const [out, into] = await hop(client, server, ports.raw)
      expect([out.chain, into.chain]).toEqual(['peer-tcp', 'mtls-tcp'])
      expect(await world.talk(client, 'half-close', outside.ipv4, ports.raw, size)).toBe(
        `got ${size}`,
      )
    },
  )

  test.each(['', 'http/1.1', 'x-own', 'h2,http/1.1'])(
    "the application's own TLS passes unopened, ALPN '%s'",
    async (alpn) => {
      const answer = await world.talk(client, 'tls', server.ipv4, ports.tls, alpn)
      expect(answer).toMatchObject({ text: 'inside', server: 'the-application' })
      const [out, into] = await hop(client, server, ports.tls)
      expect([out.chain, into.chain]).toEqual(['peer-tcp', 'mtls-tcp'])
    },
  )

  test.each(['websocket', 'WebSocket', 'SPDY/3.1'])('upgrade to %s', async (protocol) => {
    expect(await world.talk(client, 'upgrade', server.ipv4, ports.http, protocol)).toEqual({
      status: 101,
      text: 'ping over it',
    })
  })

  test('CONNECT goes to the proxy it was meant for', async () => {
    expect(await world.talk(client, 'connect', server.ipv4, ports.http)).toEqual({
      status: 200,
      text: 'ping over it',
    })
  })

  test('a large body arrives whole', async () => {
    const answer = await world.talk(client, 'post', server.ipv4, ports.http, '30000000')
    const { body, sent } = answer as { body: string; sent: string }
    expect(JSON.parse(body)).toMatchObject({ size: 30_000_000, sha256: sent })
  })

  test('headers arrive as they were written, with nothing of ours but id and protocol', async () => {
    const answer = await world.talk(client, 'get', server.ipv4, ports.http, '/a/../b//c%2Fd')
    const { body, rawHeaders } = answer as { body: string; rawHeaders: string[] }
    const seen = JSON.parse(body) as { url: string; rawHeaders: string[]; remoteAddress: string }
    expect(seen.url).toBe('/a/../b//c%2Fd')
    const names = seen.rawHeaders.filter((_, index) => index % 2 === 0)
    expect(names.toSorted()).toEqual([
      ...['Connection', 'Host', 'X-Client-CASE', 'x-forwarded-proto', 'x-request-id'].filter(
        (name) => name !== 'Connection' || names.includes('Connection'),
      ),
    ])
    expect(seen.remoteAddress).toBe('::ffff:127.0.0.6')
    const answered = rawHeaders.filter((_, index) => index % 2 === 0)
    expect(answered).toContain('X-MiXed-Case')
    expect(rawHeaders[rawHeaders.indexOf('Server') + 1]).toBe('my-own')
    expect(answered.filter((name) => /^(via|x-envoy)/i.test(name))).toEqual([])
  })

  test('a request id that is there is not touched', async () => {
    const id = '11111111-2222-4333-8444-555555555555'
    const answer = await world.talk(client, 'request-id', server.ipv4, ports.http, id)
    expect((answer as { body: string }).body).toContain(`"x-request-id","${id}"`)
  })

  test('a header of who called does not arrive: clients could write anything into it', async () => {
    const forged = 'URI=spiffe://cluster.local/ns/admin/sa/root'
    for (const from of [client, outside]) {
      const answer = await world.talk(from, 'identity', server.ipv4, ports.http, forged)
      expect(answer).toMatchObject({ status: 200 })
      expect((answer as { body: string }).body).not.toMatch(/client-cert|admin/)
    }
  })

  test('a request arrives once, whatever its headers ask of Envoy', async () => {
    const answer = await world.talk(client, 'retry', server.ipv4, ports.http)
    expect(answer).toMatchObject({ status: 503 })
    expect((answer as { body: string }).body).toContain('"failures":1')
  })

  test('a client that asks before it sends is answered, and its trailer arrives', async () => {
    const answer = await world.talk(client, 'continued', server.ipv4, ports.http)
    expect(answer).toMatchObject({ told: true })
    const { body } = answer as { body: string }
    expect(JSON.parse(body)).toMatchObject({ size: 4, rawTrailers: ['x-sum', '42'] })
    expect(body).toContain('100-continue')
  })

  test('headers of 200 KiB and unusual requests arrive', async () => {
    const big = await world.talk(client, 'big-headers', server.ipv4, ports.http, '200000')
    expect(big).toMatchObject({ status: 200 })
    const send = async (text: string): Promise<string> => {
      const base64 = Buffer.from(text, 'latin1').toString('base64')
      return (await world.talk(client, 'raw', server.ipv4, ports.http, base64)) as string
    }
    expect(await send('GET /old HTTP/1.0\r\n\r\n')).toMatch(/ 200 .*"url":"\/old"/s)
    expect(await send('PROPFIND /dav HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1.1 200 .*"method":"PROPFIND"/s,
    )
  })

  test('a connection behind the sidecars does not outlive its client for long', async () => {
    await world.talk(client, 'get', server.ipv4, ports.http, '/short')
    await eventually(async () =>
      expect(await world.runtime.admin(server.name).activeConnections()).toBe(0),
    )
  })

  test('nothing readable is on the wire', async () => {
    const bytes = await world.recorded(async () => {
      await world.talk(client, 'get', server.ipv4, ports.http, '/marker-http')
      await world.talk(client, 'echo', server.ipv4, ports.echo, 'marker-bytes')
      // So that a recorder that records nothing fails here.
      await world.talk(outside, 'get', server.ipv4, ports.http, '/marker-plain')
    })
    expect(bytes.includes('marker-plain')).toBe(true)
    expect(bytes.includes('marker-http')).toBe(false)
    expect(bytes.includes('marker-bytes')).toBe(false)
  })
})

describe('not captured to captured', () => {
  test('permissive takes plain HTTP, HTTP/2, bytes, TLS and a server that speaks first', async () => {
    const to = server.ipv4
    expect(await world.talk(outside, 'get', to, ports.http, '/p')).toMatchObject({ status: 200 })
    expect(await world.talk(outside, 'http2', to, ports.http2)).toMatchObject({ version: '2.0' })
    expect(await world.talk(outside, 'echo', to, ports.echo, 'bytes')).toBe('bytes')
    expect(await world.talk(outside, 'banner', to, ports.banner)).toBe('220 hello\n')
    expect(await world.talk(outside, 'tls', to, ports.tls, 'http/1.1')).toMatchObject({
      server: 'the-application',
    })
    const lines = await eventually(async () => {
      const found = await world.accessLog(server)
      const plain = found.filter((line) => String(line.chain).startsWith('plain'))
      expect(plain.length).toBeGreaterThanOrEqual(5)
      return plain
    })
    expect(lines.every((line) => line.peerSpiffeId === null && line.tls === null)).toBe(true)
  })

  test('strict closes all of it and says so, but for a port that is permissive', async () => {
    const to = strict.ipv4
    for (const [kind, port, extra] of [
      ['get', ports.http, '/p'],
      ['http2', ports.http2, ''],
      ['echo', ports.echo, 'bytes'],
      ['tls', ports.tls, ''],
    ] as const) {
      expect(await world.talk(outside, kind, to, port, extra)).toHaveProperty('error')
    }
    expect(await world.talk(outside, 'banner', to, ports.banner)).toBe('220 hello\n')
    const refused = await eventually(async () => {
      const lines = await world.accessLog(strict)
      const found = lines.filter((line) => line.chain === 'refuse-plaintext')
      expect(found).toHaveLength(4)
      return found
    })
    expect(refused[0]).toMatchObject({ direction: 'inbound', responseFlags: 'UH' })
    expect(refused[0]!.downstreamRemoteAddress).toContain(outside.ipv4)
    const stats = await world.runtime.admin(strict.name).stats()
    expect(stats).toMatch(/downstream_cx_total\{envoy_tcp_prefix="inbound_refuse-plaintext"\} 4/)
  })

  test.each(['proxy-tcp', 'proxy-http/1.1', 'proxy-h2'])(
    'who says %s must have a certificate',
    async (name) => {
      for (const to of [server, strict]) {
        const answer = await world.talk(outside, 'tls', to.ipv4, ports.echo, name)
        expect(answer).toHaveProperty('error')
      }
    },
  )

  test('strict takes captured peers', async () => {
    const answer = await world.talk(client, 'get', strict.ipv4, ports.http, '/s')
    expect(answer).toMatchObject({ status: 200 })
    expect(await world.talk(client, 'echo', strict.ipv4, ports.echo, 'bytes')).toBe('bytes')
  })
})

describe('captured to not captured', () => {
  test('HTTP, HTTP/2, bytes, TLS and a server that speaks first pass unchanged', async () => {
    const to = outside.ipv4
    const answer = await world.talk(client, 'get', to, ports.http, '/out')
    expect(answer).toMatchObject({ status: 200 })
    expect(await world.talk(client, 'http2', to, ports.http2)).toMatchObject({ version: '2.0' })
    expect(await world.talk(client, 'echo', to, ports.echo, 'bytes')).toBe('bytes')
    expect(await world.talk(client, 'banner', to, ports.banner)).toBe('220 hello\n')
    expect(await world.talk(client, 'tls', to, ports.tls, 'http/1.1')).toMatchObject({
      server: 'the-application',
    })
    expect(await world.talk(client, 'upgrade', to, ports.http, 'websocket')).toMatchObject({
      status: 101,
    })
  })
})

describe('dialling a capture port itself', () => {
  test.each([
    // The last number: how many sidecars the connection gets to see.
    ['from another pod, inbound', () => [outside, server.ipv4, 15006, 1] as const],
    ['from another pod, outbound', () => [outside, server.ipv4, 15001, 1] as const],
    ['from a captured pod, inbound', () => [client, server.ipv4, 15006, 2] as const],
    ['from a captured pod, outbound', () => [client, server.ipv4, 15001, 1] as const],
    ['from the pod itself, inbound', () => [server, server.ipv4, 15006, 1] as const],
    ['from the pod itself, outbound', () => [server, server.ipv4, 15001, 1] as const],
    ['from the pod itself, loopback inbound', () => [server, '127.0.0.1', 15006, 1] as const],
    ['from the pod itself, loopback outbound', () => [server, '127.0.0.1', 15001, 1] as const],
    ['from the pod itself over IPv6', () => [server, server.ipv6, 15006, 1] as const],
  ])('%s is closed and loops nowhere', async (_name, where) => {
    const [from, to, port, sidecars] = where()
    const captured = [client, server]
    const sum = async (pattern: RegExp): Promise<number> => {
      const pages = await Promise.all(captured.map((pod) => world.runtime.admin(pod.name).stats()))
      return pages.reduce(
        (all, page) =>
          all + [...page.matchAll(pattern)].reduce((some, [, value]) => some + Number(value), 0),
        0,
      )
    }
    const accepted = /^envoy_listener_downstream_cx_total\{envoy_listener="\w+bound"\} (\d+)$/gm
    const refused = /^envoy_tcp_downstream_cx_total\{.*refuse-loop"\} (\d+)$/gm
    const before = [await sum(accepted), await sum(refused)] as const
    expect(await world.talk(from, 'echo', to, port, 'bytes')).toHaveProperty('error')
    expect(await sum(refused)).toBe(before[1] + 1)
    expect((await sum(accepted)) - before[0]).toBe(sidecars)
  })
})

async function say(held: Spawned, text: string): Promise<void> {
  held.process.stdin?.write(`${text}\n`)
  await eventually(() => expect(held.output().stdout).toContain(text))
}

describe('changes while a connection is held', () => {
  test('a change of peers drops no connection, and new ones follow it', async () => {
    const held = await Promise.all([
      world.hold(client, server.ipv4, ports.echo),
      world.hold(client, outside.ipv4, ports.echo),
    ])
    for (const one of held) await say(one, 'before')
    const admin = world.runtime.admin(client.name)
    const stat = async (name: string): Promise<number> => {
      const text = await admin.stats()
      return Number(new RegExp(`^${name}(?:\\{\\})? (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
    }
    const updates = await stat('envoy_listener_manager_listener_in_place_updated')
    await world.peers(
      [client, strict],
      Array.from({ length: 1000 }, (_, index) => `10.98.${index >> 8}.${index & 255}`),
    )
    await eventually(async () =>
      expect(await stat('envoy_listener_manager_listener_in_place_updated')).toBe(updates + 1),
    )
    expect(await stat('envoy_listener_manager_total_filter_chains_draining')).toBe(0)
    // The server is no peer any more: a new connection is plain.
    expect(await world.talk(client, 'echo', server.ipv4, ports.echo, 'new')).toBe('new')
    const [out] = await hop(client, server, ports.echo)
    expect(out.chain).toBe('plain-tcp')
    for (const one of held) await say(one, 'after')
    await world.peers([client, server, strict])
    await eventually(async () =>
      expect(await stat('envoy_listener_manager_listener_in_place_updated')).toBe(updates + 2),
    )
    for (const one of held) await say(one, 'at the end')
    for (const one of held) expect(one.output().stdout).not.toContain('closed')
  })

  test('a new certificate is taken for new connections, and held ones go on', async () => {
    const held = await world.hold(client, server.ipv4, ports.echo)
    await say(held, 'before')
    const renewed = `spiffe://${trustDomain}/ns/pxt/sa/renewed`
    await world.writeSecrets(client, renewed)
    await eventually(async () => {
      expect(await world.runtime.admin(client.name).certificates()).toMatchObject([
        { uris: [renewed] },
      ])
    })
    expect(await world.talk(client, 'echo', server.ipv4, ports.echo, 'new')).toBe('new')
    await say(held, 'after')
    await eventually(async () => {
      const lines = await world.accessLog(server)
      expect(lines.at(-1)?.peerSpiffeId).toBe(renewed)
    })
    await world.writeSecrets(client)
  })

  test('an identity of another trust domain is refused, as client and as server', async () => {
    const foreign = 'spiffe://other.test/ns/pxt/sa/client'
    const used = (uri: string): Promise<void> =>
      eventually(async () => {
        expect(await world.runtime.admin(client.name).certificates()).toMatchObject([
          { uris: [uri] },
        ])
      })
    await world.writeSecrets(client, foreign)
    await used(foreign)
    expect(await world.talk(client, 'echo', server.ipv4, ports.echo, 'x')).toHaveProperty('error')
    expect(await world.talk(server, 'echo', client.ipv4, ports.echo, 'x')).toHaveProperty('error')
    await world.writeSecrets(client)
    await used(spiffeIdOf(client))
    expect(await world.talk(client, 'echo', server.ipv4, ports.echo, 'x')).toBe('x')
  })
})

describe('stopping a sidecar', () => {
  test('waits for an open connection as long as the grace is, and no longer', async () => {
    const late = await world.pod('late')
    await world.capture(late)
    const held = await world.hold(late, server.ipv4, ports.echo)
    await say(held, 'before')
    expect(await world.runtime.stop(late.name, { graceMs: 300 })).toBe('terminated')
    await eventually(() => expect(held.output().stdout).toContain('closed'))
  })

  test('ends as soon as the last connection has', async () => {
    const last = await world.pod('last')
    await world.capture(last)
    const held = await world.hold(last, server.ipv4, ports.echo)
    await say(held, 'before')
    const stopped = world.runtime.stop(last.name, { graceMs: 50_000 })
    await say(held, 'while it drains')
    held.process.stdin?.end()
    expect(await stopped).toBe('drained')
    expect(held.output().stdout).not.toContain('closed')
  })
})
