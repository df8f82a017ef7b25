import { spawn } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type FakeAgent, fakeAgent } from '@proxy/agent-api/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { envOf, errorIn, type Program, programs, runPlugin } from './plugin-process.ts'
import { createScene, prevResultOf, type Scene, selected } from './scene.ts'

// Each test starts processes, on whatever machine it is.
vi.setConfig({ testTimeout: 60_000 })

let stack: AsyncDisposableStack
let scene: Scene
let agent: FakeAgent

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  scene = stack.use(await createScene())
  agent = stack.use(await fakeAgent({ socketPath: scene.socket }))
})

afterEach(async () => {
  await stack.disposeAsync()
})

describe.each(Object.keys(programs) as Program[])('%s: stdin', (program) => {
  test.each([
    ['nothing', '', 6],
    ['no JSON', '{"cniVersion":', 6],
    ['bytes', '\u0000\u0001', 6],
    ['a list', '[]', 6],
    ['deep nesting', '['.repeat(100_000), 6],
    ['no name', '{"cniVersion":"1.0.0"}', 7],
    ['a name that is a path', '{"cniVersion":"1.0.0","name":"../x"}', 7],
    ['a version of the future', '{"cniVersion":"9.0.0","name":"pods"}', 1],
    ['a version that is none', '{"cniVersion":"one","name":"pods"}', 1],
    ['a wrong previous result', '{"cniVersion":"1.0.0","name":"pods","prevResult":{"ips":7}}', 6],
  ])('%s', async (_name, stdin, code) => {
    const exit = await runPlugin({ program, env: envOf('ADD'), stdin })
    expect(exit.code).toBe(1)
    expect(errorIn(exit).code).toBe(code)
    expect(agent.requests).toEqual([])
  })

  test('closed', async () => {
    const exit = await runPlugin({ program, env: envOf('ADD') })
    expect(exit.code).toBe(1)
    expect(errorIn(exit).code).toBe(6)
  })

  test('closed as a file descriptor', async () => {
    const [command, ...args] = programs[program]
    const shell = ['-c', 'exec "$@" <&-', 'sh', command, ...args]
    const child = spawn('/bin/sh', shell, {
      env: envOf('ADD'),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const out: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code).toBe(1)
    expect([5, 6]).toContain((JSON.parse(Buffer.concat(out).toString()) as { code: number }).code)
  })

  test('3 MB of previous result pass through whole', async () => {
    const large = { ...prevResultOf('1.0.0'), 'example.org/large': 'x'.repeat(3_000_000) }
    const stdin = scene.conf('1.0.0', { prevResult: large })
    const { code, stdout } = await runPlugin({ program, env: envOf('ADD'), stdin })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(large)
  })

  test('20 MB are refused', async () => {
    const stdin = scene.conf('1.0.0', { filler: 'x'.repeat(20_000_000) })
    const exit = await runPlugin({ program, env: envOf('ADD'), stdin })
    expect(errorIn(exit).code).toBe(5)
  })
})

describe('the environment', () => {
  test.each([
    ['ADD', 'CNI_CONTAINERID'],
    ['ADD', 'CNI_NETNS'],
    ['ADD', 'CNI_IFNAME'],
    ['ADD', 'CNI_PATH'],
    ['DEL', 'CNI_CONTAINERID'],
    ['DEL', 'CNI_IFNAME'],
    ['CHECK', 'CNI_NETNS'],
    ['GC', 'CNI_PATH'],
    ['STATUS', 'CNI_PATH'],
  ])('%s without %s', async (verb, name) => {
    const exit = await runPlugin({ env: envOf(verb, { [name]: '' }), stdin: scene.conf('1.1.0') })
    expect(errorIn(exit)).toMatchObject({
      code: 4,
      msg: `required env variables [${name}] missing`,
    })
  })

  test.each([
    ['CNI_CONTAINERID', '../../x'],
    ['CNI_CONTAINERID', 'a/b'],
    ['CNI_CONTAINERID', '-rf'],
    ['CNI_IFNAME', '../eth0'],
    ['CNI_IFNAME', 'a-name-that-is-too-long'],
    ['CNI_COMMAND', 'NOPE'],
    ['CNI_ARGS', 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=../../x'],
    ['CNI_ARGS', 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=a=b'],
    ['CNI_ARGS', ';;'],
  ])('%s=%s is code 4 and leaves no trace', async (name, value) => {
    const env = envOf('ADD', { [name]: value })
    const exit = await runPlugin({ env, stdin: scene.conf('1.0.0', selected) })
    expect(errorIn(exit).code).toBe(4)
    expect(agent.requests).toEqual([])
    expect(await readdir(scene.path)).toEqual(['run'])
  })

  test.each([
    ['CNI_CONTAINERID', 'x'.repeat(129)],
    ['CNI_ARGS', 'K8S_POD_NAMESPACE=Shop;K8S_POD_NAME=a'],
  ])('%s=%s passes where it is not selected, and is code 4 where it is', async (name, value) => {
    const env = envOf('ADD', { [name]: value })
    expect((await runPlugin({ env, stdin: scene.conf('1.0.0') })).code).toBe(0)
    const exit = await runPlugin({ env, stdin: scene.conf('1.0.0', selected) })
    expect(errorIn(exit).code).toBe(4)
  })

  test('the namespace of the node itself is never captured', async () => {
    const env = envOf('ADD', { CNI_NETNS: '/proc/self/ns/net' })
    const exit = await runPlugin({ env, stdin: scene.conf('1.0.0', selected) })
    expect(errorIn(exit).code).toBe(8)
    const overridden = { ...env, CNI_NETNS_OVERRIDE: '1' }
    const second = await runPlugin({ env: overridden, stdin: scene.conf('1.0.0', selected) })
    expect(errorIn(second).code).toBe(8)
    expect(agent.requests).toEqual([])
  })

  test("a proxy, Node's options and a tracer of the runtime change nothing", async () => {
    const env = envOf('ADD', {
      HTTP_PROXY: 'http://127.0.0.1:1',
      http_proxy: 'http://127.0.0.1:1',
      ALL_PROXY: 'socks5://127.0.0.1:1',
      NODE_OPTIONS: '--require=/nonexistent.js',
      NODE_USE_ENV_PROXY: '1',
      TRACEPARENT: '00-0-0-00',
    })
    const exit = await runPlugin({ env, stdin: scene.conf('1.0.0', selected) })
    expect(exit.code).toBe(0)
    expect(agent.requests).toHaveLength(1)
  })

  test('files in the working directory change nothing', async () => {
    await writeFile(join(scene.path, '.env'), 'CNI_COMMAND=VERSION\nCNI_ARGS=\n')
    await writeFile(join(scene.path, '.env.local'), 'CNI_COMMAND=VERSION\n')
    await writeFile(join(scene.path, 'bunfig.toml'), 'preload = ["./evil.ts"]\n')
    await writeFile(join(scene.path, 'evil.ts'), 'console.log("evil")')
    const bare = await runPlugin({ env: {}, cwd: scene.path })
    expect(bare).toMatchObject({ code: 0, stdout: '' })
    const add = await runPlugin({
      env: envOf('ADD'),
      stdin: scene.conf('1.0.0', selected),
      cwd: scene.path,
    })
    expect(JSON.parse(add.stdout)).toEqual(prevResultOf('1.0.0'))
    expect(agent.requests).toHaveLength(1)
  })
})

describe('annotations', () => {
  async function addWith(annotations: unknown): Promise<{ code: number; msg: string }> {
    const runtimeConfig = { 'io.kubernetes.cri.pod-annotations': annotations }
    const stdin = scene.conf('1.0.0', { runtimeConfig })
    return errorIn(await runPlugin({ env: envOf('ADD'), stdin }))
  }

  test('a wrong value is named', async () => {
    const error = await addWith({
      'sidecarctl.dev/inject': 'true',
      'traffic.sidecar.istio.io/excludeInboundPorts': '*',
    })
    expect(error.code).toBe(100)
    expect(error.msg).toContain('annotation traffic.sidecar.istio.io/excludeInboundPorts is "*"')
    expect(agent.requests).toEqual([])
  })

  test('no annotations at all are a wrong value', async () => {
    expect((await addWith([1, 2])).code).toBe(100)
  })

  test('more than the agent takes', async () => {
    expect(
      (await addWith({ 'sidecarctl.dev/inject': 'true', a: 'x'.repeat(1_100_000) })).code,
    ).toBe(7)
  })
})

describe('the configuration', () => {
  test.each([
    ['socket', 7, 'must be an absolute path'],
    ['addTimeoutMs', 60_000, 'must be a whole number from 1 to 20000'],
    ['deleteQueue', 'relative', 'must be an absolute path'],
    ['strictStatus', 'yes', 'must be true or false'],
    ['failPolicy', 'ajar', 'must be "closed" or "open"'],
  ])('a wrong %s is code 7 for a selected pod', async (key, value, words) => {
    const stdin = scene.conf('1.0.0', { ...selected, [key]: value })
    const exit = await runPlugin({ env: envOf('ADD'), stdin })
    expect(errorIn(exit)).toMatchObject({ code: 7, msg: `plugin configuration: ${key}: ${words}` })
  })

  test('however wrong, kube-system and the agent pass', async () => {
    const wrong = { ...selected, selection: 7, failPolicy: {}, socket: [], addTimeoutMs: 'x' }
    for (const CNI_ARGS of [
      '',
      'K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=dns',
      'K8S_POD_NAMESPACE=proxy-system;K8S_POD_NAME=proxy-agent-1',
    ]) {
      const env = envOf('ADD', { CNI_ARGS })
      expect((await runPlugin({ env, stdin: scene.conf('1.0.0', wrong) })).code).toBe(0)
    }
    expect(agent.requests).toEqual([])
  })

  test('however wrong, it does not make the node not ready', async () => {
    const stdin = scene.conf('1.1.0', { selection: 7, socket: [] })
    expect(await runPlugin({ env: envOf('STATUS'), stdin })).toMatchObject({ code: 0, stdout: '' })
  })
})
