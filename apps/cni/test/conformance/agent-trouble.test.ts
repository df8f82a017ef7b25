import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { AgentApiError, readDeleteQueue } from '@proxy/agent-api'
import {
  type BrokenBehaviour,
  brokenAgent,
  brokenBehaviours,
  fakeAgent,
} from '@proxy/agent-api/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { envOf, errorIn, runPlugin } from './plugin-process.ts'
import { createScene, prevResultOf, type Scene, selected } from './scene.ts'

// Each test starts processes, on whatever machine it is.
vi.setConfig({ testTimeout: 60_000 })

let stack: AsyncDisposableStack
let scene: Scene

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  scene = stack.use(await createScene())
  await mkdir(dirname(scene.socket), { mode: 0o700 })
})

afterEach(async () => {
  await stack.disposeAsync()
})

const quick = { addTimeoutMs: 600, delTimeoutMs: 600 }

describe('the agent is absent', () => {
  test('a selected pod gets code 11, with the way out', async () => {
    const exit = await runPlugin({ env: envOf('ADD'), stdin: scene.conf('1.0.0', selected) })
    expect(exit.code).toBe(1)
    expect(errorIn(exit).code).toBe(11)
    expect(errorIn(exit).msg).toContain(`no agent listens on ${scene.socket}`)
    expect(await readdir(scene.path)).toEqual(['run'])
  })

  test('a stale socket is no agent', async () => {
    const script = `require('node:net').createServer().listen(${JSON.stringify(scene.socket)}, () => process.kill(process.pid, 'SIGKILL'))`
    await promisify(execFile)(process.execPath, ['-e', script]).catch(() => undefined)
    expect(await readdir(dirname(scene.socket))).toEqual(['agent.sock'])
    const exit = await runPlugin({ env: envOf('ADD'), stdin: scene.conf('1.0.0', selected) })
    expect(errorIn(exit).code).toBe(11)
  })

  test('a selected pod whose fail policy is open starts bare, and stderr says so', async () => {
    const stdin = scene.conf('1.0.0', { ...selected, failPolicy: 'open' })
    const { code, stdout, stderr } = await runPlugin({ env: envOf('ADD'), stdin })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(prevResultOf('1.0.0'))
    const [, warning = ''] = stderr.trim().split('\n')
    expect(JSON.parse(warning)).toMatchObject({ level: 'warn', code: 'agent-absent' })
    expect(await runPlugin({ env: envOf('CHECK'), stdin })).toMatchObject({ code: 0, stdout: '' })
  })

  test.each(['CHECK', 'GC'])('%s gets code 11', async (verb) => {
    const stdin = { ...scene.conf('1.1.0', selected), 'cni.dev/valid-attachments': [] }
    const exit = await runPlugin({ env: envOf(verb), stdin })
    expect(errorIn(exit).code).toBe(11)
  })

  test('STATUS is permissive, and 50 where it is to be strict', async () => {
    const stdin = scene.conf('1.1.0')
    expect(await runPlugin({ env: envOf('STATUS'), stdin })).toMatchObject({ code: 0, stdout: '' })
    const strict = await runPlugin({
      env: envOf('STATUS'),
      stdin: { ...stdin, strictStatus: true },
    })
    expect(errorIn(strict).code).toBe(50)
  })

  test('an agent that comes while ADD waits is used', async () => {
    const stdin = scene.conf('1.0.0', { ...selected, agentWaitMs: 15_000 })
    const call = runPlugin({ env: envOf('ADD'), stdin })
    const agent = stack.use(await fakeAgent({ socketPath: scene.socket }))
    expect((await call).code).toBe(0)
    expect(agent.sidecars.has('c0ffee')).toBe(true)
  })

  test('DEL of an excluded namespace, or of no pod, leaves nothing', async () => {
    const stdin = scene.conf('1.0.0')
    for (const CNI_ARGS of ['', 'K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=dns']) {
      const exit = await runPlugin({ env: envOf('DEL', { CNI_ARGS }), stdin })
      expect(exit).toMatchObject({ code: 0, stdout: '' })
    }
    expect(await readdir(scene.path)).toEqual(['run'])
  })
})

describe('the agent misbehaves', () => {
  const misbehave = [...brokenBehaviours] as BrokenBehaviour[]

  test.each(misbehave)('%s: ADD gets code 11', async (behaviour) => {
    stack.use(await brokenAgent(scene.socket, behaviour))
    const stdin = scene.conf('1.0.0', { ...selected, ...quick })
    const exit = await runPlugin({ env: envOf('ADD'), stdin })
    expect(exit.code).toBe(1)
    expect(errorIn(exit)).toMatchObject({
      code: 11,
      msg: expect.stringMatching(/^agent: /) as string,
    })
  })

  test.each(misbehave)('%s: DEL is queued and succeeds', async (behaviour) => {
    stack.use(await brokenAgent(scene.socket, behaviour))
    const exit = await runPlugin({ env: envOf('DEL'), stdin: scene.conf('1.0.0', quick) })
    expect(exit).toMatchObject({ code: 0, stdout: '' })
    const { entries, unreadable } = await readDeleteQueue(scene.deleteQueue)
    expect(unreadable).toEqual([])
    expect(entries.map(({ request }) => request)).toEqual([
      {
        containerId: 'c0ffee',
        ifname: 'eth0',
        netns: '/run/netns/pxt-nowhere',
        pod: { namespace: 'shop', name: 'reviews-1', uid: 'u-1' },
      },
    ])
  })

  test("the agent's own CNI code and words reach the runtime", async () => {
    const refusal = new AgentApiError('capture-failed', 'start envoy: exited with 1', {
      cniCode: 107,
      details: 'its last words',
    })
    stack.use(
      await fakeAgent({
        socketPath: scene.socket,
        handlers: { add: () => Promise.reject(refusal) },
      }),
    )
    const exit = await runPlugin({ env: envOf('ADD'), stdin: scene.conf('1.0.0', selected) })
    expect(errorIn(exit)).toEqual({
      cniVersion: '1.0.0',
      code: 107,
      msg: 'agent: start envoy: exited with 1',
      details: 'its last words',
    })
  })

  test('a failing CHECK has a code of its own', async () => {
    stack.use(await fakeAgent({ socketPath: scene.socket }))
    const exit = await runPlugin({ env: envOf('CHECK'), stdin: scene.conf('1.0.0', selected) })
    expect(errorIn(exit).code).toBe(101)
  })

  test('unselected pods do not notice', async () => {
    stack.use(await brokenAgent(scene.socket, 'silent'))
    const exit = await runPlugin({ env: envOf('ADD'), stdin: scene.conf('1.0.0') })
    expect(exit.code).toBe(0)
    expect(await readdir(scene.path)).toEqual(['run'])
  })
})

describe('the delete queue', () => {
  test('that cannot be written costs no pod its end', async () => {
    await writeFile(dirname(scene.deleteQueue), 'not a folder')
    const { code, stdout, stderr } = await runPlugin({
      env: envOf('DEL'),
      stdin: scene.conf('1.0.0'),
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error' })
  })

  test('is used with a configuration that is wrong elsewhere, and with wrong arguments', async () => {
    const stdin = scene.conf('1.0.0', { selection: 'sometimes' })
    const env = envOf('DEL', { CNI_ARGS: 'a=b=c' })
    expect(await runPlugin({ env, stdin })).toMatchObject({ code: 0, stdout: '' })
    expect((await readDeleteQueue(scene.deleteQueue)).entries).toHaveLength(1)
  })

  test('gets only what the agent can read', async () => {
    const stdin = scene.conf('1.0.0')
    const args = 'K8S_POD_NAMESPACE=Shop;K8S_POD_NAME=a..B;K8S_POD_UID=u_1'
    const env = envOf('DEL', { CNI_ARGS: args, CNI_NETNS: 'relative' })
    expect(await runPlugin({ env, stdin })).toMatchObject({ code: 0, stdout: '' })
    const queue = await readDeleteQueue(scene.deleteQueue)
    expect(queue.unreadable).toEqual([])
    expect(queue.entries.map(({ request }) => request)).toEqual([
      { containerId: env['CNI_CONTAINERID'], ifname: 'eth0' },
    ])
  })

  test('gets no id that the agent never takes: such a container has no sidecar', async () => {
    const env = envOf('DEL', { CNI_CONTAINERID: 'a'.repeat(129) })
    const exit = await runPlugin({ env, stdin: scene.conf('1.0.0') })
    expect(exit).toMatchObject({ code: 0, stdout: '' })
    expect(await readdir(scene.path)).toEqual(['run'])
  })
})

describe('the selection file', () => {
  const byNamespace = { selection: 'namespace' }

  test('selects by namespace', async () => {
    const agent = stack.use(await fakeAgent({ socketPath: scene.socket }))
    await writeFile(scene.selectionFile, '{"version":1,"namespaces":["shop"]}')
    const exit = await runPlugin({ env: envOf('ADD'), stdin: scene.conf('1.0.0', byNamespace) })
    expect(exit.code).toBe(0)
    expect(agent.requests[0]!.request).toMatchObject({ reason: 'namespace-in-selection-file' })
  })

  test('that is missing, damaged, huge or no file lets pods pass', async () => {
    const stdin = scene.conf('1.0.0', byNamespace)
    const reasons: unknown[] = []
    const passes = async (): Promise<void> => {
      const { code, stderr } = await runPlugin({ env: envOf('ADD'), stdin })
      expect(code).toBe(0)
      const line = JSON.parse(stderr) as { reason: string; remarks: string[] }
      expect(line.remarks).toHaveLength(1)
      reasons.push(line.reason)
    }
    await passes()
    await writeFile(scene.selectionFile, '{"version":')
    await passes()
    await writeFile(scene.selectionFile, ' '.repeat(2_000_000))
    await passes()
    await promisify(execFile)('sh', [
      '-c',
      `rm ${scene.selectionFile}; mkfifo ${scene.selectionFile}`,
    ])
    await passes()
    await promisify(execFile)('sh', [
      '-c',
      `rm ${scene.selectionFile}; mkdir ${scene.selectionFile}`,
    ])
    await passes()
    expect(new Set(reasons)).toEqual(new Set(['selection-unknown']))
  })

  test('is not touched in another mode', async () => {
    // A pipe without a writer reads as empty, which would be remarked on.
    await promisify(execFile)('mkfifo', [scene.selectionFile])
    const { stderr } = await runPlugin({ env: envOf('ADD'), stdin: scene.conf('1.0.0') })
    expect(JSON.parse(stderr)).not.toHaveProperty('remarks')
  })
})

describe('the log file', () => {
  test('gets the same lines, and is moved aside when it is full', async () => {
    const logFile = `${scene.path}/plugin.log`
    const stdin = scene.conf('1.0.0', { logFile, logFileMaxBytes: 4_096 })
    const { stderr } = await runPlugin({ env: envOf('ADD'), stdin })
    expect(await readFile(logFile, 'utf8')).toBe(stderr)
    await writeFile(logFile, 'x'.repeat(4_000))
    const second = await runPlugin({ env: envOf('ADD'), stdin })
    expect(await readFile(logFile, 'utf8')).toBe(second.stderr)
    expect(await readFile(`${logFile}.1`, 'utf8')).toHaveLength(4_000)
  })

  test('that cannot be written costs no pod its start', async () => {
    await chmod(scene.path, 0o700)
    const stdin = scene.conf('1.0.0', { logFile: `${scene.path}/none/plugin.log` })
    expect((await runPlugin({ env: envOf('ADD'), stdin })).code).toBe(0)
  })
})
