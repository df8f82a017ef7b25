import { join } from 'node:path'
import { type AddRequest, type AgentHandlers, type SidecarInfo } from '@proxy/agent-api'
import { brokenAgent, type FakeAgent, fakeAgent, fakeSidecar } from '@proxy/agent-api/testing'
import { createTempDir } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { version } from '../src/version.ts'
import { sidecarctl, type ToolExit } from './tool-process.ts'

// Each test starts a process, on whatever machine it is.
vi.setConfig({ testTimeout: 60_000 })

let stack: AsyncDisposableStack
let socketPath: string

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  socketPath = join(stack.use(await createTempDir('ctl')).path, 'run/agent.sock')
})

afterEach(async () => {
  await stack.disposeAsync()
})

async function agentWith(
  sidecars: readonly SidecarInfo[] = [],
  handlers: Partial<AgentHandlers> = {},
): Promise<FakeAgent> {
  const agent = stack.use(await fakeAgent({ socketPath, handlers }))
  for (const sidecar of sidecars) agent.sidecars.set(sidecar.containerId, sidecar)
  return agent
}

const ask = (...args: string[]): Promise<ToolExit> => sidecarctl(['--socket', socketPath, ...args])

function sidecarOf(name: string, change: Partial<SidecarInfo> = {}): SidecarInfo {
  const request: AddRequest = {
    containerId: `${name}-0123456789abcdef`,
    ifname: 'eth0',
    network: 'pods',
    netns: '/run/netns/x',
    pod: { namespace: 'shop', name },
    podIps: ['10.1.2.3'],
    capture: {
      redirect: {
        mode: 'REDIRECT',
        families: ['ipv4'],
        includeInboundPorts: '*',
        excludeInboundPorts: [],
        includeOutboundPorts: [],
        excludeOutboundPorts: [],
        includeOutboundCidrs: '*',
        excludeOutboundCidrs: [],
        excludeInterfaces: [],
      },
      failPolicy: 'closed',
      mtls: 'strict',
      readiness: 'ready',
      serviceAccount: 'default',
    },
    reason: 'annotation-opt-in',
  }
  return fakeSidecar(request, { since: new Date(Date.now() - 300_000).toISOString(), ...change })
}

describe('version', () => {
  test('is that of the package', () => {
    expect(version).toBe(packageJson.version)
  })

  test('of both', async () => {
    await agentWith()
    const exit = await ask('version')
    expect(exit).toMatchObject({ code: 0, stderr: '' })
    expect(exit.stdout).toBe(`sidecarctl   ${version}\nproxy-agent  0.0.0-fake (protocol v1)\n`)
  })

  test('as JSON', async () => {
    await agentWith()
    expect(JSON.parse((await ask('version', '-o', 'json')).stdout)).toEqual({
      client: { version },
      agent: { version: '0.0.0-fake', apiVersion: 'v1' },
    })
  })

  test('without an agent is half an answer', async () => {
    const exit = await ask('version')
    expect(exit).toMatchObject({ code: 3, stdout: `sidecarctl   ${version}\n` })
    expect(exit.stderr).toContain('is proxy-agent running on this node?')
    expect((await ask('version', '--client')).code).toBe(0)
  })
})

describe('status', () => {
  test('of an idle agent', async () => {
    await agentWith()
    const { code, stdout } = await ask('status')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Agent: {5}ready, version 0\.0\.0-fake, up \d+[smhd]\n/)
    expect(stdout).toContain('Identity:  built-in-ca, trust domain cluster.local\n')
    expect(stdout).toContain('Sidecars:  none\n')
  })

  test('is a table that kubectl could have printed', async () => {
    await agentWith([sidecarOf('ratings-1'), sidecarOf('reviews-long-name-1', { restarts: 12 })])
    const { code, stdout } = await ask('status')
    expect(code).toBe(0)
    expect(stdout.split('\n\n')[1]).toBe(
      [
        'NAMESPACE   POD                   STATE   MTLS     RESTARTS   AGE',
        'shop        ratings-1             ready   strict   0          5m',
        'shop        reviews-long-name-1   ready   strict   12         5m',
        '',
      ].join('\n'),
    )
  })

  test('shows more when asked', async () => {
    const certificateExpires = new Date(Date.now() + 7_300_000).toISOString()
    await agentWith([sidecarOf('ratings-1', { certificateExpires })])
    const { stdout } = await ask('status', '-o', 'wide')
    expect(stdout).toMatch(/IPS +ENVOY +PID +CONTAINER +CERTIFICATE +IDENTITY\n/)
    expect(stdout).toMatch(
      /10\.1\.2\.3 +1\.40\.0 +4242 +ratings-1-01 +2h left +spiffe:\/\/cluster\.local\/ns\/shop\/sa\/default\n/,
    )
  })

  test('takes one namespace', async () => {
    const other = sidecarOf('b', { pod: { namespace: 'bank', name: 'b' } })
    await agentWith([sidecarOf('a'), other])
    const { stdout } = await ask('status', '-n', 'bank', '-o', 'json')
    const answer = JSON.parse(stdout) as { sidecars: SidecarInfo[]; agent: { ready: boolean } }
    expect(answer.sidecars).toEqual([other])
    expect(answer.agent.ready).toBe(true)
    expect((await ask('status', '-n', 'bnak')).stdout).toMatch(
      /\nNo sidecars in namespace bnak\.\n$/,
    )
  })

  test('exits with 1 for a failed sidecar, and says why', async () => {
    await agentWith([sidecarOf('a', { state: 'failed', detail: 'envoy: bad\u001b[31m config' })])
    const { code, stdout } = await ask('status')
    expect(code).toBe(1)
    expect(stdout).toContain('Failed:\nshop/a: envoy: bad?[31m config\n')
    expect((await ask('status', '-n', 'bank')).code).toBe(0)
  })

  test('exits with 1 for an agent with problems', async () => {
    const { status } = await statusOf()
    await agentWith([], {
      status: () =>
        Promise.resolve({ ...status, ready: false, problems: ['no envoy'], pendingDeletes: 2 }),
    })
    const { code, stdout } = await ask('status')
    expect(code).toBe(1)
    expect(stdout).toContain('Agent:     not ready, ')
    expect(stdout).toContain('Problem:   no envoy\n')
    expect(stdout).toContain('Waiting:   2 deletions\n')
  })

  test('an agent that answers nonsense is unreachable, not well', async () => {
    await agentWith([], { status: () => Promise.resolve({} as never) })
    const exit = await ask('status')
    expect(exit).toMatchObject({ code: 3, stdout: '' })
    expect(exit.stderr).toContain("the agent's answer does not fit the protocol")
  })

  test('an agent that does not answer is given up', async () => {
    await (await agentWith()).close()
    stack.use(await brokenAgent(socketPath, 'silent'))
    expect((await ask('--timeout', '0.3', 'status')).code).toBe(3)
  })
})

async function statusOf(): Promise<{ status: Awaited<ReturnType<AgentHandlers['status']>> }> {
  await using agent = await fakeAgent({ socketPath: `${socketPath}.2` })
  const { agentClient } = await import('@proxy/agent-api')
  const client = agentClient({ socketPath: agent.socketPath })
  return { status: await client.call('status', undefined, { timeoutMs: 5_000 }) }
}

describe('explain', () => {
  test('a captured pod', async () => {
    await agentWith([sidecarOf('reviews-1')])
    const { code, stdout } = await ask('explain', 'shop/reviews-1')
    expect(code).toBe(0)
    expect(stdout).toBe(
      [
        'shop/reviews-1 is captured because its annotation says inject "true"',
        '  sidecar reviews-1-01: ready for 5m',
        '    identity spiffe://cluster.local/ns/shop/sa/default, mutual TLS strict',
        '',
      ].join('\n'),
    )
  })

  test('an unknown pod, with the way to find out more', async () => {
    const agent = await agentWith()
    const { code, stdout } = await ask('explain', 'reviews-1', '-n', 'shop')
    expect(code).toBe(0)
    expect(stdout).toContain('shop/reviews-1 is not captured\n')
    expect(stdout).toContain('sidecarctl explain shop/reviews-1 --conf FILE --annotations FILE')
    expect(agent.requests[0]!.request).toEqual({ namespace: 'shop', name: 'reviews-1' })
  })

  test('as JSON', async () => {
    await agentWith([sidecarOf('reviews-1')])
    const { stdout } = await ask('explain', 'shop/reviews-1', '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({ captured: true, reason: 'annotation-opt-in' })
  })
})

test('the socket can come from the environment', async () => {
  await agentWith()
  const exit = await sidecarctl(['version'], { SIDECARCTL_SOCKET: socketPath })
  expect(exit.code).toBe(0)
})
