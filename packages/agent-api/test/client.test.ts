import { chmod } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createTempDir } from '@proxy/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { agentClient, AgentApiError, validateResponse } from '../src/index.ts'
import { type BrokenBehaviour, brokenAgent, fakeAgent } from '../src/testing/index.ts'
import { addRequest } from './requests.ts'

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

const limits = { timeoutMs: 5_000 }

test('every operation arrives, and its answer comes back', async () => {
  await using agent = await fakeAgent({ socketPath })
  const client = agentClient({ socketPath, validate: validateResponse })
  const { sidecar } = await client.call('add', addRequest(), limits)
  expect(sidecar).toMatchObject({ containerId: 'c1', state: 'ready', pod: { name: 'reviews-1' } })
  const { capture } = addRequest()
  const id = { containerId: 'c1', ifname: 'eth0' }
  expect(
    (await client.call('check', { ...id, netns: '/x', capture }, limits)).sidecar.containerId,
  ).toBe('c1')
  expect((await client.call('sidecars', undefined, limits)).sidecars).toHaveLength(1)
  expect((await client.call('status', undefined, limits)).sidecars.ready).toBe(1)
  expect(
    await client.call('explain', { namespace: 'shop', name: 'reviews-1' }, limits),
  ).toMatchObject({ captured: true, reason: 'annotation-opt-in' })
  expect(await client.call('gc', { network: 'pods', validAttachments: [id] }, limits)).toEqual({
    removed: [],
  })
  expect(await client.call('del', id, limits)).toEqual({ removed: true })
  expect(await client.call('del', id, limits)).toEqual({ removed: false })
  expect((await client.call('version', undefined, limits)).apiVersion).toBe('v1')
  await client.alive(limits)
  await client.ready(limits)
  expect(agent.requests.map(({ operation }) => operation)).toEqual([
    'add',
    'check',
    'sidecars',
    'status',
    'explain',
    'gc',
    'del',
    'del',
    'version',
  ])
  expect(agent.requests[0]!.request).toEqual(addRequest())
})

test('the deadline of the caller reaches the handler', async () => {
  await using agent = await fakeAgent({ socketPath })
  await agentClient({ socketPath }).call('version', undefined, { timeoutMs: 1234 })
  expect(agent.requests[0]!.timeoutMs).toBeGreaterThan(200)
  expect(agent.requests[0]!.timeoutMs).toBeLessThanOrEqual(1234)
})

test("the agent's error arrives with code, words, retryable and the CNI code", async () => {
  await using agent = await fakeAgent({
    socketPath,
    handlers: {
      add: () =>
        Promise.reject(
          new AgentApiError('capture-failed', 'start envoy: it exited with 1', {
            cniCode: 11,
            details: 'last line of its log',
          }),
        ),
    },
  })
  const failure = await failureOf(agentClient({ socketPath }).call('add', addRequest(), limits))
  expect(failure).toMatchObject({
    code: 'capture-failed',
    message: 'start envoy: it exited with 1',
    cniCode: 11,
    details: 'last line of its log',
    retryable: true,
  })
  expect(agent.requests).toHaveLength(1)
})

test('an absent agent is named, at once', async () => {
  const failure = await failureOf(agentClient({ socketPath }).call('version', undefined, limits))
  expect(failure).toMatchObject({ code: 'agent-absent', retryable: true })
  expect(failure.message).toContain(socketPath)
})

test('a user who may not open the socket is told so', async () => {
  stack.use(await fakeAgent({ socketPath }))
  const directory = dirname(socketPath)
  const isRoot = process.getuid?.() === 0
  await chmod(directory, 0o000)
  // Root may open everything, so it becomes nobody for the moment.
  if (isRoot) process.seteuid?.(65_534)
  const outcome = await failureOf(agentClient({ socketPath }).call('version', undefined, limits))
  if (isRoot) process.seteuid?.(0)
  await chmod(directory, 0o700)
  expect(outcome).toMatchObject({ code: 'permission-denied', retryable: false })
  expect(outcome.message).toContain('run this as root')
})

test('the client waits for an agent that comes in time', async () => {
  const call = agentClient({ socketPath }).call('version', undefined, {
    timeoutMs: 20_000,
    waitForAgentMs: 20_000,
  })
  await using agent = await fakeAgent({ socketPath })
  expect((await call).version).toBe('0.0.0-fake')
  expect(agent.requests).toHaveLength(1)
})

test('the client waits for an agent that is not ready, and gives up in the end', async () => {
  let refusals = 0
  await using agent = await fakeAgent({
    socketPath,
    handlers: {
      notReady: () => {
        refusals += 1
        return 'reconciling'
      },
    },
  })
  const call = agentClient({ socketPath }).call('add', addRequest(), {
    timeoutMs: 5_000,
    waitForAgentMs: 300,
  })
  expect(await failureOf(call)).toMatchObject({ code: 'not-ready', message: 'reconciling' })
  expect(refusals).toBeGreaterThan(1)
  expect(agent.requests).toHaveLength(0)
})

test.for<[BrokenBehaviour, string]>([
  ['silent', 'timeout'],
  ['closes', 'connection-lost'],
  ['garbage', 'bad-response'],
  ['half', 'connection-lost'],
  ['not-json', 'bad-response'],
  ['not-an-object', 'bad-response'],
  ['odd-error', 'bad-response'],
])('an agent that is %s gives %s', async ([behaviour, code]) => {
  stack.use(await brokenAgent(socketPath, behaviour))
  const call = agentClient({ socketPath }).call('add', addRequest(), { timeoutMs: 500 })
  expect(await failureOf(call)).toMatchObject({ code })
})

test('a request that was taken is not sent twice', async () => {
  await using agent = await fakeAgent({
    socketPath,
    handlers: { add: () => new Promise(() => undefined) },
  })
  const call = agentClient({ socketPath }).call('add', addRequest(), {
    timeoutMs: 300,
    waitForAgentMs: 5_000,
  })
  expect(await failureOf(call)).toMatchObject({ code: 'timeout' })
  expect(agent.requests).toHaveLength(1)
})

test('the signal of the caller ends a call, before and during it', async () => {
  stack.use(await brokenAgent(socketPath, 'silent'))
  const client = agentClient({ socketPath })
  const during = client.call('version', undefined, { ...limits, signal: AbortSignal.timeout(50) })
  expect(await failureOf(during)).toMatchObject({ code: 'aborted' })
  const before = client.call('version', undefined, { ...limits, signal: AbortSignal.abort() })
  expect(await failureOf(before)).toMatchObject({ code: 'aborted' })
})

test('the signal ends waiting for an absent agent', async () => {
  const call = agentClient({ socketPath }).call('version', undefined, {
    timeoutMs: 60_000,
    waitForAgentMs: 60_000,
    signal: AbortSignal.timeout(100),
  })
  expect(await failureOf(call)).toMatchObject({ code: 'aborted' })
})

test('a request that is too large is not sent', async () => {
  await using agent = await fakeAgent({ socketPath })
  const annotations = { big: 'x'.repeat(1_048_576) }
  const call = agentClient({ socketPath }).call('add', addRequest({ annotations }), limits)
  expect(await failureOf(call)).toMatchObject({ code: 'payload-too-large' })
  expect(agent.requests).toHaveLength(0)
})

test('a success that does not fit the protocol is refused where the client checks', async () => {
  stack.use(
    await fakeAgent({
      socketPath,
      handlers: { del: () => Promise.resolve({ removed: 'yes' as unknown as boolean }) },
    }),
  )
  const client = agentClient({ socketPath, validate: validateResponse })
  const call = client.call('del', { containerId: 'c1', ifname: 'eth0' }, limits)
  expect(await failureOf(call)).toMatchObject({ code: 'bad-response' })
})

async function failureOf(call: Promise<unknown>): Promise<AgentApiError> {
  const outcome = await call.then(
    () => new Error('the call succeeded'),
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(AgentApiError)
  return outcome as AgentApiError
}
