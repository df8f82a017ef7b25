import { readdir } from 'node:fs/promises'
import { type CniVersion, cniVersions, isAtLeast } from '@proxy/cni-types'
import { type FakeAgent, fakeAgent } from '@proxy/agent-api/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { version } from '../../src/version.ts'
import { envOf, errorIn, type Program, programs, runPlugin } from './plugin-process.ts'
import { createScene, prevResultOf, type Scene, selected } from './scene.ts'

// Each test starts processes, on whatever machine it is.
vi.setConfig({ testTimeout: 60_000 })

let stack: AsyncDisposableStack
let scene: Scene

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  scene = stack.use(await createScene())
})

afterEach(async () => {
  await stack.disposeAsync()
})

async function agentHere(): Promise<FakeAgent> {
  return stack.use(await fakeAgent({ socketPath: scene.socket }))
}

const everyProgram = Object.keys(programs) as Program[]
const chained = cniVersions.filter((cniVersion) => isAtLeast(cniVersion, '0.3.0'))

/** The executable is held to every version; Node, whose start takes long, to two. */
function versionsOf(program: Program): CniVersion[] {
  return program === 'binary' ? chained : ['0.4.0', '1.1.0']
}

describe.each(everyProgram)('%s', (program) => {
  test('VERSION answers without reading stdin', async () => {
    const { code, stdout } = await runPlugin({ program, env: { CNI_COMMAND: 'VERSION' } })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ cniVersion: '1.1.0', supportedVersions: cniVersions })
  })

  test('without a verb it says what it is', async () => {
    const { code, stdout, stderr } = await runPlugin({ program, env: {} })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain(`proxy-cni ${version}: `)
    expect(stderr).toContain('CNI protocol versions supported: 0.1.0, ')
  })

  test.each(versionsOf(program))(
    'ADD of an unselected pod passes prevResult on in %s',
    async (cniVersion) => {
      const agent = await agentHere()
      const stdin = scene.conf(cniVersion)
      const { code, stdout, stderr } = await runPlugin({ program, env: envOf('ADD'), stdin })
      expect(JSON.parse(stdout)).toEqual(prevResultOf(cniVersion))
      expect(code).toBe(0)
      expect(agent.requests).toEqual([])
      expect(JSON.parse(stderr)).toMatchObject({
        level: 'info',
        message: 'pod skipped',
        reason: 'not-annotated',
        containerId: 'c0ffee',
        namespace: 'shop',
        pod: 'reviews-1',
      })
    },
  )

  test.each(versionsOf(program))('ADD, CHECK, DEL of a selected pod in %s', async (cniVersion) => {
    const agent = await agentHere()
    const stdin = scene.conf(cniVersion, selected)
    const add = await runPlugin({ program, env: envOf('ADD'), stdin })
    expect(JSON.parse(add.stdout)).toEqual(prevResultOf(cniVersion))
    expect(add.code).toBe(0)
    expect(agent.requests[0]).toMatchObject({
      operation: 'add',
      request: {
        containerId: 'c0ffee',
        ifname: 'eth0',
        network: 'pods',
        netns: '/run/netns/pxt-nowhere',
        pod: { namespace: 'shop', name: 'reviews-1', uid: 'u-1' },
        annotations: { 'sidecarctl.dev/inject': 'true' },
        podIps: ['10.1.2.3', 'fd00::3'],
        reason: 'annotation-opt-in',
        capture: { failPolicy: 'closed', serviceAccount: 'default' },
      },
    })
    const check = await runPlugin({ program, env: envOf('CHECK'), stdin })
    const del = await runPlugin({ program, env: envOf('DEL', { CNI_NETNS: '' }), stdin })
    expect(del).toMatchObject({ code: 0, stdout: '' })
    const operations = agent.requests.map(({ operation }) => operation)
    const canCheck = isAtLeast(cniVersion, '0.4.0')
    expect(check.code).toBe(canCheck ? 0 : 1)
    expect(operations).toEqual(canCheck ? ['add', 'check', 'del'] : ['add', 'del'])
    expect(agent.requests.at(-1)!.request).toEqual({
      containerId: 'c0ffee',
      ifname: 'eth0',
      pod: { namespace: 'shop', name: 'reviews-1', uid: 'u-1' },
    })
    expect(agent.sidecars.size).toBe(0)
  })

  test('GC and STATUS in 1.1.0', async () => {
    const agent = await agentHere()
    const stdin = scene.conf('1.1.0', selected)
    await runPlugin({ program, env: envOf('ADD'), stdin })
    const valid = [
      { containerID: 'c0ffee', ifname: 'eth0' },
      { containerID: '../x', ifname: 'a' },
    ]
    const env = { CNI_COMMAND: 'GC', CNI_PATH: '/opt/cni/bin' }
    for (const [keys, left] of [
      [{}, 1],
      [{ 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': [] }, 1],
      [{ 'cni.dev/attachments': valid }, 1],
      [{ 'cni.dev/valid-attachments': [] }, 0],
    ] as const) {
      const exit = await runPlugin({ program, env, stdin: { ...stdin, ...keys } })
      expect(exit).toMatchObject({ code: 0, stdout: '' })
      expect(agent.sidecars.size).toBe(left)
    }
    expect(agent.requests.map(({ operation }) => operation)).toEqual(['add', 'gc', 'gc', 'gc'])
    expect(agent.requests[1]!.request).toEqual({
      network: 'pods',
      validAttachments: [{ containerId: 'c0ffee', ifname: 'eth0' }],
    })
    const status = { ...env, CNI_COMMAND: 'STATUS' }
    const strict = await runPlugin({
      program,
      env: status,
      stdin: { ...stdin, strictStatus: true },
    })
    expect(strict).toMatchObject({ code: 0, stdout: '' })
  })
})

test('20 pods at once are captured, each as itself', async () => {
  const agent = await agentHere()
  const ids = Array.from({ length: 20 }, (_, index) => `pod-${index}`)
  const exits = await Promise.all(
    ids.map((id) => {
      const env = envOf('ADD', { CNI_CONTAINERID: id })
      return runPlugin({ env, stdin: scene.conf('1.0.0', selected) })
    }),
  )
  expect(exits.map(({ code }) => code)).toEqual(ids.map(() => 0))
  expect([...agent.sidecars.keys()].sort()).toEqual(ids.sort())
})

describe.each(cniVersions)('version %s', (cniVersion) => {
  test.each(['CHECK', 'GC', 'STATUS'])('%s where the version has it', async (verb) => {
    await agentHere()
    const stdin = scene.conf(cniVersion)
    const exit = await runPlugin({ env: envOf(verb), stdin })
    const exists = isAtLeast(cniVersion, verb === 'CHECK' ? '0.4.0' : '1.1.0')
    const refusal = `config version does not allow ${verb}`
    const said = exit.stdout.includes(refusal) ? refusal : exit.stdout
    expect({ code: exit.code, said }).toEqual(
      exists ? { code: 0, said: '' } : { code: 1, said: refusal },
    )
  })

  test('DEL without an agent waits in the queue and succeeds, twice', async () => {
    const stdin = scene.conf(cniVersion)
    for (const netns of ['/run/netns/pxt-nowhere', '']) {
      const exit = await runPlugin({ env: envOf('DEL', { CNI_NETNS: netns }), stdin })
      expect(exit).toMatchObject({ code: 0, stdout: '' })
    }
    expect(await readdir(scene.deleteQueue)).toEqual(['c0ffee@eth0.json'])
  })

  test('an unselected ADD without a previous result answers an empty one', async () => {
    const stdin = { ...scene.conf(cniVersion), prevResult: null }
    const { code, stdout } = await runPlugin({ env: envOf('ADD'), stdin })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ cniVersion })
  })

  test('an error carries the version', async () => {
    const env = envOf('ADD', { CNI_NETNS: 'relative' })
    const exit = await runPlugin({ env, stdin: scene.conf(cniVersion, selected) })
    expect(errorIn(exit)).toMatchObject({ code: 4, cniVersion })
  })
})
