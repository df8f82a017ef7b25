import { type QueuedDelete } from '@proxy/agent-api/client'
import { AgentApiError } from '@proxy/agent-api/error'
import { type CniCall } from '@proxy/cni-skel'
import { parseNetConf } from '@proxy/cni-types'
import { expect, test } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { type PluginHost } from '../src/host.ts'
import { proxyCni } from '../src/plugin.ts'
import { version } from '../src/version.ts'

interface Recorded {
  calls: { operation: string; timeoutMs: number; waitForAgentMs: number | undefined }[]
  queued: QueuedDelete[]
  lines: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[]
}

interface Setting {
  failure?: Error
  elapsedMs?: number
  queueFailure?: Error
}

/** A machine that remembers what it was asked for. */
function recorder(setting: Setting = {}): { host: PluginHost; seen: Recorded } {
  const seen: Recorded = { calls: [], queued: [], lines: [] }
  const host: PluginHost = {
    agent: () =>
      Promise.resolve({
        call(operation, _request, { timeoutMs, waitForAgentMs }) {
          seen.calls.push({ operation, timeoutMs, waitForAgentMs })
          return setting.failure ? Promise.reject(setting.failure) : Promise.resolve({} as never)
        },
        alive: () => Promise.resolve(),
        ready: () => (setting.failure ? Promise.reject(setting.failure) : Promise.resolve()),
      }),
    readSelection: () => undefined,
    enqueueDelete(_directory, entry) {
      seen.queued.push(entry)
      return setting.queueFailure ? Promise.reject(setting.queueFailure) : Promise.resolve()
    },
    isOwnNetns: () => Promise.resolve(false),
    log: (entry) => seen.lines.push(entry),
    elapsedMs: () => setting.elapsedMs ?? 5,
    now: () => '2026-01-01T00:00:00.000Z',
  }
  return { host, seen }
}

function callOf(command: CniCall['command'], conf: Record<string, unknown> = {}): CniCall {
  const whole = { cniVersion: '1.1.0', name: 'pods', selection: 'all', ...conf }
  const stdin = new TextEncoder().encode(JSON.stringify(whole))
  return {
    command,
    containerId: '0123456789abcdef',
    netns: '/run/netns/x',
    ifname: 'eth0',
    args: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=reviews-1',
    path: '/opt/cni/bin',
    stdin,
    conf: parseNetConf(stdin),
  }
}

const absent = new AgentApiError('agent-absent', 'nobody there')

test('the version is that of the package', () => {
  expect(version).toBe(packageJson.version)
})

test('ADD has the time that is left of its budget', async () => {
  const { host, seen } = recorder({ elapsedMs: 1_000 })
  await proxyCni(host).add(callOf('ADD', { addTimeoutMs: 4_000, agentWaitMs: 20_000 }))
  expect(seen.calls).toEqual([{ operation: 'add', timeoutMs: 3_000, waitForAgentMs: 3_000 }])
})

test('no budget of ADD is above 20 seconds, none of DEL above 10', async () => {
  const { host, seen } = recorder({ elapsedMs: 0 })
  await proxyCni(host).add(callOf('ADD', { addTimeoutMs: 20_000 }))
  await proxyCni(host).del(callOf('DEL', { delTimeoutMs: 10_000 }))
  expect(seen.calls.map(({ timeoutMs }) => timeoutMs)).toEqual([20_000, 10_000])
  await expect(proxyCni(host).add(callOf('ADD', { addTimeoutMs: 20_001 }))).rejects.toThrow()
})

test('DEL does not wait for an agent to come', async () => {
  const { host, seen } = recorder({ failure: absent })
  await proxyCni(host).del(callOf('DEL'))
  expect(seen.calls).toEqual([{ operation: 'del', timeoutMs: 7_995, waitForAgentMs: undefined }])
  expect(seen.queued).toHaveLength(1)
})

test('DEL bears a bug, and a queue that fails', async () => {
  for (const setting of [
    { failure: new TypeError('bug') },
    { failure: absent, queueFailure: new Error('read-only file system') },
  ]) {
    const { host, seen } = recorder(setting)
    await proxyCni(host).del(callOf('DEL'))
    expect(seen.lines.at(-1)).toMatchObject({ level: 'error' })
  }
})

test('an open fail policy forgives the agent, not a bug', async () => {
  const open = callOf('ADD', { failPolicy: 'open' })
  const forgiven = recorder({ failure: new AgentApiError('internal', 'x') })
  await proxyCni(forgiven.host).add(open)
  expect(forgiven.seen.lines.at(-1)).toMatchObject({ level: 'warn', fields: { code: 'internal' } })
  const bug = recorder({ failure: new TypeError('bug') })
  await expect(proxyCni(bug.host).add(open)).rejects.toThrow('bug')
})

test('CHECK with an open fail policy forgives absence, not a finding', async () => {
  const open = callOf('CHECK', { failPolicy: 'open' })
  await proxyCni(recorder({ failure: absent }).host).check?.(open)
  const finding = recorder({ failure: new AgentApiError('check-failed', 'rules differ') })
  await expect(proxyCni(finding.host).check?.(open)).rejects.toThrow('rules differ')
})

test('log lines are short of ids and free of annotations', async () => {
  const { host, seen } = recorder()
  const annotations = { 'io.kubernetes.cri.pod-annotations': { password: 'hunter2' } }
  await proxyCni(host).add(callOf('ADD', { runtimeConfig: annotations }))
  expect(seen.lines[0]!.fields['containerId']).toBe('0123456789ab')
  expect(JSON.stringify(seen.lines)).not.toContain('hunter2')
})
