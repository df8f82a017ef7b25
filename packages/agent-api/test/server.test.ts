import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTempDir, eventually } from '@proxy/testkit'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  agentClient,
  AgentApiError,
  type AgentHandlers,
  agentServer,
  type RequestContext,
} from '../src/index.ts'
import { type FakeAgent, fakeAgent } from '../src/testing/index.ts'
import { httpText, sendRaw } from './raw.ts'
import { addRequest } from './requests.ts'

const JSON_BODY = { 'content-type': 'application/json' }
const limits = { timeoutMs: 5_000 }

let stack: AsyncDisposableStack
let socketPath: string

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  const dir = stack.use(await createTempDir('agent-api'))
  socketPath = join(dir.path, 'agent.sock')
})

afterEach(async () => {
  await stack.disposeAsync()
})

async function serve(handlers: Partial<AgentHandlers> = {}): Promise<FakeAgent> {
  return stack.use(await fakeAgent({ socketPath, handlers }))
}

async function expectAlive(): Promise<void> {
  await agentClient({ socketPath }).alive(limits)
  expect((await sendRaw(socketPath, httpText('GET /healthz'))).status).toBe(200)
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => 'no error',
    (error: unknown) => (error instanceof AgentApiError ? error.code : String(error)),
  )
}

describe('requests that are none', () => {
  test.for([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['bytes', '\u0000\u00ff\u0001', 400],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['two lengths', httpText('POST /v1/del', { ...JSON_BODY, 'content-length': '2, 3' }), 400],
    ['length and chunks', httpText('POST /v1/del', { 'transfer-encoding': 'chunked' }, '{}'), 400],
    ['endless header', `GET / HTTP/1.1\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['no such path', httpText('GET /'), 404],
    ['path with dots', httpText('GET /v1/../v1/version'), 404],
    ['query', httpText('GET /v1/version?a=1'), 404],
    ['later version', httpText('GET /v2/version'), 404],
    ['wrong method', httpText('GET /v1/add'), 405],
    ['other method', httpText('DELETE /v1/version'), 405],
    ['GET with a body', httpText('GET /v1/version', JSON_BODY, '{}'), 400],
    ['no media type', httpText('POST /v1/del', {}, '{}'), 415],
    ['form', httpText('POST /v1/del', { 'content-type': 'text/plain' }, '{}'), 415],
    ['no body', httpText('POST /v1/del', { ...JSON_BODY, 'content-length': '0' }), 400],
    ['no JSON', httpText('POST /v1/del', JSON_BODY, '{'), 400],
    ['no object', httpText('POST /v1/del', JSON_BODY, '[]'), 400],
    ['wrong fields', httpText('POST /v1/del', JSON_BODY, '{"containerId":7}'), 400],
    ['deep nesting', httpText('POST /v1/del', JSON_BODY, '['.repeat(200_000)), 400],
    ['bad deadline', httpText('GET /v1/version', { 'x-deadline-ms': 'soon' }), 400],
    [
      'bad chunk',
      httpText('POST /v1/del', { ...JSON_BODY, 'transfer-encoding': 'chunked' }, 'zz'),
      400,
    ],
    ['upgrade', httpText('GET /v1/version', { connection: 'upgrade', upgrade: 'websocket' }), 0],
    ['tunnel', 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n', 0],
  ] as const)('%s', async ([, bytes, status]) => {
    const agent = await serve()
    const answer = await sendRaw(socketPath, Buffer.from(bytes, 'latin1'))
    expect(answer.status).toBe(status)
    const parsed = answer.status === 0 || answer.text.includes('"error":{"code":"')
    expect(parsed).toBe(true)
    expect(agent.requests).toHaveLength(0)
    await expectAlive()
  })

  test('any bytes leave the server standing', async () => {
    const agent = await serve()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const { status } = await sendRaw(socketPath, Buffer.from(bytes), { halfClose: true })
        expect(status === 0 || (status >= 400 && status < 500)).toBe(true)
      }),
      { numRuns: 100 },
    )
    expect(agent.requests).toHaveLength(0)
    await expectAlive()
  })

  test.for([
    ['container id that is a path', { containerId: '../../x' }],
    ['container id that is too long', { containerId: 'x'.repeat(129) }],
    ['interface that is a path', { ifname: 'a/b' }],
    ['interface that is too long', { ifname: 'eth0123456789012' }],
    ['relative namespace', { netns: 'run/netns/a' }],
    ['namespace with a line end', { netns: '/run/netns/a\nb' }],
    ['pod that is a path', { pod: { namespace: 'shop', name: '../x' } }],
    ['namespace in upper case', { pod: { namespace: 'Shop', name: 'x' } }],
    ['address that is none', { podIps: ['10.0.0.1/24'] }],
    ['network that is a path', { network: '../x' }],
    ['unknown reason', { reason: 'because' as 'all-pods' }],
  ] as const)('ADD with a %s', async ([, change]) => {
    const agent = await serve()
    const body = JSON.stringify({ ...addRequest(), ...change })
    const answer = await sendRaw(socketPath, httpText('POST /v1/add', JSON_BODY, body))
    expect(answer.status).toBe(400)
    expect(answer.text).toContain(`add: ${Object.keys(change)[0]!}`)
    expect(agent.requests).toHaveLength(0)
  })
})

describe('bodies without end', () => {
  test('an announced one is refused before it is read', async () => {
    await serve()
    const head = httpText('POST /v1/add', { ...JSON_BODY, 'content-length': '99999999' })
    expect((await sendRaw(socketPath, head)).status).toBe(413)
    await expectAlive()
  })

  test('a chunked one is refused when the limit is passed', async () => {
    await serve()
    const head = httpText('POST /v1/add', { ...JSON_BODY, 'transfer-encoding': 'chunked' })
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    expect((await sendRaw(socketPath, head + chunk.repeat(40))).status).toBe(413)
    await expectAlive()
  })

  test('3 MB by the client of another protocol', async () => {
    await serve()
    const body = JSON.stringify({ x: 'y'.repeat(3_000_000) })
    expect((await sendRaw(socketPath, httpText('POST /v1/add', JSON_BODY, body))).status).toBe(413)
    await expectAlive()
  })
})

describe('slow and half-open clients', () => {
  test.for([
    ['nothing at all', ''],
    ['a head that never ends', 'POST /v1/add HTTP/1.1\r\nhost: a\r\n'],
    [
      'a body that never ends',
      httpText('POST /v1/add', { ...JSON_BODY, 'content-length': '9' }) + '{',
    ],
  ])('%s is answered by 408 or closed, and others are served meanwhile', async ([, bytes = '']) => {
    const agent = stack.use(await fakeAgent({ socketPath, requestTimeoutMs: 300 }))
    const slow = sendRaw(socketPath, bytes)
    await expectAlive()
    expect([0, 408]).toContain((await slow).status)
    expect(agent.requests).toHaveLength(0)
  })

  test('a client that closes its half early still gets its answer', async () => {
    await serve()
    const body = '{"containerId":"a","ifname":"eth0"}'
    const text = httpText('POST /v1/del', JSON_BODY, body)
    const answer = await sendRaw(socketPath, text, { halfClose: true })
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('{"removed":false}')
  })

  test('a client that goes away ends its request', async () => {
    let context: RequestContext | undefined
    await serve({
      add: (_request, given) => {
        context = given
        return new Promise(() => undefined)
      },
    })
    const controller = new AbortController()
    const call = agentClient({ socketPath }).call('add', addRequest(), {
      ...limits,
      signal: controller.signal,
    })
    const ended = codeOf(call)
    await eventually(() => expect(context).toBeDefined())
    expect(context!.signal.aborted).toBe(false)
    controller.abort()
    expect(await ended).toBe('aborted')
    await eventually(() => expect(context!.signal.aborted).toBe(true))
    await expectAlive()
  })

  test('more connections than allowed are closed, and give way when others end', async () => {
    stack.use(await fakeAgent({ socketPath, maxConnections: 4 }))
    const idle = Array.from({ length: 4 }, () => connect(socketPath))
    await Promise.all(
      idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))),
    )
    await expect(agentClient({ socketPath }).alive(limits)).rejects.toMatchObject({
      code: 'connection-lost',
    })
    for (const socket of idle) socket.destroy()
    await eventually(() => agentClient({ socketPath }).alive(limits))
  })
})

describe('handlers', () => {
  test('an error that is not of the protocol is answered without its text', async () => {
    const logged: unknown[] = []
    const secret = 'BEGIN PRIVATE KEY'
    const agent = await serve()
    await agent.close()
    const handlers = { notReady: () => undefined, del: () => Promise.reject(new Error(secret)) }
    const log = {
      debug: (...line: unknown[]) => logged.push(['debug', ...line]),
      error: (...line: unknown[]) => logged.push(['error', ...line]),
    }
    stack.use(
      await agentServer({ socketPath, handlers: handlers as unknown as AgentHandlers, log }),
    )
    const body = '{"containerId":"a","ifname":"eth0","netns":"/my/secret"}'
    const answer = await sendRaw(socketPath, httpText('POST /v1/del', JSON_BODY, body))
    expect(answer.status).toBe(500)
    expect(answer.text).not.toContain(secret)
    expect(logged).toEqual([
      ['error', 'request failed', { path: '/v1/del', error: `Error: ${secret}` }],
      [
        'debug',
        'request answered',
        expect.objectContaining({ path: '/v1/del', code: 'internal', method: 'POST' }),
      ],
    ])
    expect(JSON.stringify(logged)).not.toContain('/my/secret')
  })

  test('a handler that throws at once is no crash', async () => {
    await serve({
      status: () => {
        throw new TypeError('bug')
      },
    })
    expect((await sendRaw(socketPath, httpText('GET /v1/status'))).status).toBe(500)
    await expectAlive()
  })

  test('a handler that ignores its deadline does not keep the caller waiting', async () => {
    await serve({ status: () => new Promise(() => undefined) })
    const text = httpText('GET /v1/status', { 'x-deadline-ms': '100' })
    const answer = await sendRaw(socketPath, text)
    expect(answer.status).toBe(504)
    expect(answer.text).toContain('deadline-exceeded')
  })

  test('a handler that heeds its deadline says what it was at', async () => {
    await serve({
      status: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () =>
            reject(new AgentApiError('deadline-exceeded', 'still waiting for envoy')),
          )
        }),
    })
    const text = httpText('GET /v1/status', { 'x-deadline-ms': '100' })
    expect((await sendRaw(socketPath, text)).text).toContain('still waiting for envoy')
  })

  test('a local error code of a handler does not leak as one of the protocol', async () => {
    await serve({ version: () => Promise.reject(new AgentApiError('agent-absent', 'odd')) })
    const answer = await sendRaw(socketPath, httpText('GET /v1/version'))
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('"code":"internal"')
  })

  test('an agent that is not ready refuses ADD only', async () => {
    await serve({ notReady: () => 'reconciling' })
    const client = agentClient({ socketPath })
    await expect(client.call('add', addRequest(), limits)).rejects.toMatchObject({
      code: 'not-ready',
    })
    await expect(client.ready(limits)).rejects.toMatchObject({ message: 'reconciling' })
    await client.alive(limits)
    expect(await client.call('del', { containerId: 'a', ifname: 'b' }, limits)).toEqual({
      removed: false,
    })
  })

  test('many at once are all answered', async () => {
    const agent = await serve()
    const client = agentClient({ socketPath })
    const ids = Array.from({ length: 100 }, (_, index) => `c${index}`)
    const answers = await Promise.all(
      ids.map((containerId) => client.call('add', addRequest({ containerId }), limits)),
    )
    expect(answers.map(({ sidecar }) => sidecar.containerId)).toEqual(ids)
    expect(agent.sidecars.size).toBe(100)
  })
})

describe('closing', () => {
  test('waits for what is under way', async () => {
    let release = (): void => undefined
    const agent = await serve({
      version: () =>
        new Promise((resolve) => {
          release = () => resolve({ apiVersion: 'v1', version: 'late' })
        }),
    })
    const call = agentClient({ socketPath }).call('version', undefined, limits)
    await eventually(() => expect(agent.requests).toHaveLength(1))
    const closed = agent.close()
    await sleep(20)
    release()
    expect(await call).toMatchObject({ version: 'late' })
    await closed
    await expect(agentClient({ socketPath }).alive(limits)).rejects.toMatchObject({
      code: 'agent-absent',
    })
  })

  test('ends what does not end by itself', async () => {
    const agent = await serve({ version: () => new Promise(() => undefined) })
    const call = agentClient({ socketPath }).call('version', undefined, limits)
    const refused = codeOf(call)
    await eventually(() => expect(agent.requests).toHaveLength(1))
    await agent.close(50)
    expect(await refused).toBe('not-ready')
    await agent.close()
  })
})
