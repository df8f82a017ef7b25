import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { outboundDiscovery, sidecarBootstrap } from '@proxy/envoy-config'
import {
  createNetns,
  createTempDir,
  eventually,
  testDependencies,
  type TempDir,
  type TestNetns,
} from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  EnvoyRuntimeError,
  processRuntime,
  type ProcessRuntimeOptions,
  type SidecarRuntime,
  type SidecarSpec,
  validateBootstrap,
} from '../../src/index.ts'
import { writeTestSecrets } from './secrets.ts'

const { envoy } = testDependencies()
let temp: TempDir
let netns: TestNetns
let runtime: SidecarRuntime
let state: string
let outbound: string
const ids = ['one', 'two', 'three']

const runtimeWith = (options: Partial<ProcessRuntimeOptions> = {}): SidecarRuntime =>
  processRuntime({ envoyPath: envoy, stateDirectory: state, ...options })

beforeEach(async () => {
  temp = await createTempDir('pr')
  await chmod(temp.path, 0o711)
  netns = await createNetns('pr')
  state = join(temp.path, 's')
  runtime = runtimeWith()
  outbound = join(await runtime.prepareShared(), 'outbound.json')
  await writeFile(outbound, JSON.stringify(outboundDiscovery({ peers: ['10.0.0.1'] })))
})
afterEach(async () => {
  for (const id of ids) await runtime.remove(id)
  await netns[Symbol.asyncDispose]()
  await temp[Symbol.asyncDispose]()
})

/** A spec whose secrets are in place. */
async function specOf(id: string, more: Partial<SidecarSpec> = {}): Promise<SidecarSpec> {
  const paths = await runtime.prepare(id)
  await writeTestSecrets(paths.sds)
  return {
    id,
    netnsPath: netns.path,
    labels: { pod: id },
    environment: { PROXY_POD: id },
    bootstrap: sidecarBootstrap({
      node: { pod: id, namespace: 'pxt', containerId: id },
      trustDomain: 'pxt.test',
      adminSocket: paths.adminSocket,
      sdsDirectory: paths.sds,
      outboundListenerFile: outbound,
    }),
    ...more,
  }
}

/** Fields of `/proc/<pid>/status`. */
async function processFields(pid: number): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return new Map(
    text.split('\n').map((line) => {
      const [key = '', value = ''] = line.split(':')
      return [key, value.trim().replaceAll('\t', ' ')]
    }),
  )
}

const linkOf = (pid: number | 'self', name: string): Promise<string> =>
  readlink(`/proc/${pid}/ns/${name}`)

const codeOf = async (action: Promise<unknown>): Promise<string> => {
  try {
    await action
    return 'no error'
  } catch (error) {
    return error instanceof EnvoyRuntimeError ? error.code : String(error)
  }
}

describe('a running sidecar', () => {
  test('has no privilege, nothing of the host but files, and no parent of ours', async () => {
    const { pid } = await runtime.start(await specOf('one'))
    await runtime.waitUntilReady('one')
    const fields = await processFields(pid!)
    expect(fields.get('Uid')).toBe('1337 1337 1337 1337')
    expect(fields.get('Gid')).toBe('1337 1337 1337 1337')
    expect(fields.get('Groups')).toBe('')
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect([set, fields.get(set)]).toEqual([set, '0000000000000000'])
    }
    expect(fields.get('NoNewPrivs')).toBe('1')
    expect(fields.get('PPid')).not.toBe(String(process.pid))
    expect(fields.get('NSsid')).not.toBe((await processFields(process.pid)).get('NSsid'))
    for (const name of ['mnt', 'ipc', 'uts', 'net']) {
      expect(await linkOf(pid!, name)).not.toBe(await linkOf('self', name))
    }
    expect(await netns.must('readlink', '/proc/self/ns/net')).toContain(await linkOf(pid!, 'net'))
    const environment = (await readFile(`/proc/${pid!}/environ`, 'utf8')).split('\0')
    expect(environment.map((entry) => entry.split('=')[0]).toSorted()).toEqual([
      ...['', 'PATH', 'PROXY_POD', 'PWD'],
    ])
  })

  test('leaves nothing in the network namespace but its two ports', async () => {
    await runtime.start(await specOf('one'))
    await runtime.waitUntilReady('one')
    const tcp = await netns.must('ss', '-Hltn')
    expect([...tcp.matchAll(/:(\d+)\s/g)].map(([, port]) => port).toSorted()).toEqual([
      ...['15001', '15006'],
    ])
    expect(await netns.must('ss', '-Hxl')).not.toMatch(/ @/)
  })

  test('does not hold mounts that the host gives back', async () => {
    const other = await createNetns('gone')
    try {
      const { pid } = await runtime.start(await specOf('one'))
      expect(await readFile(`/proc/${pid!}/mountinfo`, 'utf8')).toContain(other.name)
      await other[Symbol.asyncDispose]()
      expect(await readFile(`/proc/${pid!}/mountinfo`, 'utf8')).not.toContain(other.name)
    } finally {
      await other.run(['true'])
    }
  })

  test('is seen by list, inspect, stats and its admin', async () => {
    await runtime.start(await specOf('two'))
    await runtime.start(await specOf('one', { netnsPath: (await extra()).path }))
    await runtime.waitUntilReady('one')
    expect((await runtime.list()).map(({ id, state: is, labels }) => [id, is, labels])).toEqual([
      ['one', 'running', { pod: 'one' }],
      ['two', 'running', { pod: 'two' }],
    ])
    const stats = await runtime.stats('one')
    expect(stats.rssBytes).toBeGreaterThan(10_000_000)
    expect(stats.fds).toBeGreaterThan(5)
    const admin = runtime.admin('one')
    expect(await admin.serverInfo()).toMatchObject({ state: 'LIVE', concurrency: 1 })
    expect(await admin.certificates()).toMatchObject([{ uris: ['spiffe://pxt.test/ns/a/sa/b'] }])
    expect(await runtime.inspect('three')).toBeUndefined()
  })
})

const extras: TestNetns[] = []
async function extra(): Promise<TestNetns> {
  const made = await createNetns('pr')
  extras.push(made)
  return made
}
afterEach(async () => {
  for (const made of extras.splice(0)) await made[Symbol.asyncDispose]()
})

describe('starting again', () => {
  test('does nothing while it runs from the same spec, and refuses another', async () => {
    const spec = await specOf('one')
    const first = await runtime.start(spec)
    expect((await runtime.start(structuredClone(spec))).pid).toBe(first.pid)
    expect((await runtimeWith().start(spec)).pid).toBe(first.pid)
    expect(await codeOf(runtime.start({ ...spec, concurrency: 2 }))).toBe('conflict')
  })

  test('two starters at once make one Envoy', async () => {
    const spec = await specOf('one')
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, () => runtimeWith().start(spec)),
    )
    const pids = new Set(
      results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.pid] : [])),
    )
    expect(pids.size).toBe(1)
    const codes = results.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as EnvoyRuntimeError).code] : [],
    )
    expect(codes.filter((code) => code !== 'launch-failed' && code !== 'conflict')).toEqual([])
    expect(await envoysOf('one')).toHaveLength(1)
  })

  test('after a crash of Envoy it is a new process, and the old one is seen as exited', async () => {
    const spec = await specOf('one')
    const first = await runtime.start(spec)
    await runtime.waitUntilReady('one')
    process.kill(first.pid!, 'SIGKILL')
    await eventually(async () => expect((await runtime.inspect('one'))?.state).toBe('exited'))
    const second = await runtime.start(spec)
    expect(second.pid).not.toBe(first.pid)
    await runtime.waitUntilReady('one')
  })

  test('20 at once are all ready', async () => {
    const many = Array.from({ length: 20 }, (_, index) => `m${index}`)
    try {
      const spaces = await Promise.all(many.map(() => extra()))
      await Promise.all(
        many.map(async (id, index) => {
          await runtime.start(await specOf(id, { netnsPath: spaces[index]!.path }))
          await runtime.waitUntilReady(id, { timeoutMs: 30_000 })
        }),
      )
      expect((await runtime.list()).every((status) => status.state === 'running')).toBe(true)
    } finally {
      await Promise.all(many.map((id) => runtime.remove(id)))
    }
  })
})

/** Pids of Envoys that run this sidecar's bootstrap. */
async function envoysOf(id: string): Promise<readonly number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (command.includes(`${runtime.paths(id).bootstrap}\0`) && !command.includes('setsid')) {
      found.push(Number(name))
    }
  }
  return found
}

describe('when the agent dies', () => {
  const starter = fileURLToPath(new URL('../fixtures/starter.ts', import.meta.url))
  const startIn = async (spec: SidecarSpec, until: string): Promise<ChildProcess> => {
    const file = join(temp.path, 'spec.json')
    await writeFile(file, JSON.stringify({ envoy, state, spec, until }))
    return spawn(execPath, ['--conditions=@proxy/source', starter, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }
  const killed = async (agent: ChildProcess): Promise<void> => {
    const exit = new Promise((resolve) => agent.once('exit', resolve))
    agent.kill('SIGKILL')
    await exit
  }

  test('its sidecar lives on, and the next agent adopts and stops it', async () => {
    const agent = await startIn(await specOf('one'), 'ready')
    await new Promise((resolve) => agent.stdout?.once('data', resolve))
    await killed(agent)
    const status = await runtime.inspect('one')
    expect(status?.state).toBe('running')
    expect(await runtime.admin('one').ready()).toBe(true)
    expect(await runtime.stop('one')).toBe('drained')
    expect((await runtime.inspect('one'))?.state).toBe('exited')
  })

  test('a start that it had begun leaves no Envoy or one that is known, wherever it died', async () => {
    const spec = await specOf('one')
    for (let delayMs = 0; delayMs < 60; delayMs += 4) {
      const agent = await startIn(spec, 'start')
      await new Promise((resolve) => agent.stdout?.once('data', resolve))
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      await killed(agent)
      // The launcher sees its word's pipe end; an Envoy stays.
      await eventually(async () => {
        const [processes, status] = [await envoysOf('one'), await runtime.inspect('one')]
        expect(processes).toEqual(status?.pid === undefined ? [] : [status.pid])
      })
      const again = await eventually(() => runtime.start(spec))
      expect(again.state).toBe('running')
      // A process that has just become Envoy has no command line for a moment.
      await eventually(async () => expect(await envoysOf('one')).toEqual([again.pid]))
      await runtime.waitUntilReady('one')
      await runtime.kill('one')
    }
  })

  test('without the record the sidecar is found by its lock', async () => {
    const spec = await specOf('one')
    const { pid } = await runtime.start(spec)
    await rm(join(state, 'records', 'one.json'))
    expect(await runtime.inspect('one')).toMatchObject({ state: 'running', pid, labels: {} })
    expect(await codeOf(runtime.start(spec))).toBe('conflict')
    await runtime.remove('one')
    expect(await envoysOf('one')).toEqual([])
    expect(await runtime.list()).toEqual([])
  })

  test('a record of half a file costs its labels, not the sidecar', async () => {
    const { pid } = await runtime.start(await specOf('one'))
    await writeFile(join(state, 'records', 'one.json'), '{"version":1,"pi')
    expect(await runtime.inspect('one')).toMatchObject({ state: 'running', pid })
  })

  test('a foreign process that got the recorded pid is not touched', async () => {
    const spec = await specOf('one')
    await runtime.start(spec)
    await runtime.kill('one')
    const file = join(state, 'records', 'one.json')
    const record = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    const foreign = spawn('sleep', ['600'])
    try {
      const { pid } = foreign
      const stat = await readFile(`/proc/${pid!}/stat`, 'utf8')
      const startTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
      for (const change of [{ pid }, { pid, startTicks }]) {
        await writeFile(file, JSON.stringify({ ...record, ...change }))
        expect((await runtime.inspect('one'))?.state).toBe('exited')
        await runtime.kill('one')
        expect(await runtime.stop('one')).toBe('not-running')
      }
      expect(foreign.exitCode).toBeNull()
      expect(foreign.signalCode).toBeNull()
    } finally {
      foreign.kill('SIGKILL')
    }
  })
})

describe('ending', () => {
  test('stop, kill and remove may be called again, in any order', async () => {
    await runtime.start(await specOf('one'))
    await runtime.waitUntilReady('one')
    expect(await runtime.stop('one')).toBe('drained')
    expect(await runtime.stop('one')).toBe('not-running')
    await runtime.kill('one')
    await runtime.remove('one')
    await runtime.remove('one')
    await runtime.kill('one')
    expect(await runtime.stop('one')).toBe('not-running')
    expect(await runtime.inspect('one')).toBeUndefined()
    expect(await readdir(join(state, 'sidecars'))).toEqual([])
    expect(await readdir(join(state, 'records'))).toEqual([])
  })

  test('a stopped process (SIGSTOP) is killed in the end', async () => {
    const { pid } = await runtime.start(await specOf('one'))
    await runtime.waitUntilReady('one')
    process.kill(pid!, 'SIGSTOP')
    expect(await runtime.stop('one', { graceMs: 100, termMs: 100 })).toBe('killed')
    expect(await envoysOf('one')).toEqual([])
  })

  test('an abort makes it end at once', async () => {
    await runtime.start(await specOf('one'))
    await runtime.waitUntilReady('one')
    const signal = AbortSignal.abort()
    expect(await runtime.stop('one', { graceMs: 60_000, signal })).toBe('killed')
  })

  test('a folder of the sidecar that became a link is not followed', async () => {
    const spec = await specOf('one')
    await runtime.start(spec)
    await runtime.kill('one')
    const paths = runtime.paths('one')
    const victim = join(temp.path, 'victim')
    await mkdir(victim)
    await writeFile(join(victim, 'file'), 'mine')
    await rm(paths.log)
    await symlink(join(victim, 'file'), paths.log)
    expect(await codeOf(runtime.start(spec))).toBe('state-invalid')
    await rm(paths.log)
    await rename(paths.sds, `${paths.sds}.old`)
    await symlink(victim, paths.sds)
    expect(await codeOf(runtime.start(spec))).toBe('state-invalid')
    await runtime.remove('one')
    expect(await readFile(join(victim, 'file'), 'utf8')).toBe('mine')
  })
})

describe('a start that fails says why', () => {
  test('bad specs', async () => {
    const spec = await specOf('one')
    expect(await codeOf(runtime.start({ ...spec, netnsPath: '/etc/hostname' }))).toBe(
      'netns-missing',
    )
    expect(await codeOf(runtime.start({ ...spec, netnsPath: '/nowhere' }))).toBe('netns-missing')
    expect(await codeOf(runtimeWith({ envoyPath: '/nowhere' }).start(spec))).toBe('binary-missing')
    expect(await codeOf(runtimeWith({ envoyPath: outbound }).start(spec))).toBe('binary-missing')
    expect(await codeOf(runtime.start({ ...spec, id: '../x' }))).toBe('spec-invalid')
    expect(await codeOf(runtime.start({ ...spec, id: 'two' }))).toBe('spec-invalid')
    expect((await runtime.inspect('one'))?.state).toBe('prepared')
  })

  test('a folder above that the uid cannot pass', async () => {
    const closed = join(temp.path, 'closed')
    await mkdir(closed, { mode: 0o700 })
    const other = runtimeWith({ stateDirectory: join(closed, 's') })
    expect(await codeOf(other.prepare('one'))).toBe('state-invalid')
  })

  test('a program that is not Envoy', async () => {
    await runtimeWith({ envoyPath: '/bin/false' })
      .start(await specOf('one'))
      .catch(() => undefined)
    const error = await runtime.waitUntilReady('one').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'exited' })
  })

  test('a configuration Envoy refuses, with its words', async () => {
    const spec = await specOf('one')
    await rm(join(runtime.paths('one').sds, 'identity.json'))
    await runtime.start(spec)
    const error = await runtime.waitUntilReady('one').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'config-invalid' })
    expect((error as EnvoyRuntimeError).logLines.join('\n')).toContain('identity.json')
  })

  test.each([15001, 15006])('port %d taken by someone else', async (port) => {
    const taken = await netns.spawn([
      ...([execPath, '-e'] as const),
      `require('node:net').createServer().listen(${port},'0.0.0.0',()=>console.log('on'))`,
    ])
    try {
      await eventually(() => expect(taken.output().stdout).toContain('on'))
      await runtime.start(await specOf('one'))
      expect(await codeOf(runtime.waitUntilReady('one'))).toBe('port-in-use')
    } finally {
      await taken[Symbol.asyncDispose]()
    }
  })

  test('an admin that never answers', async () => {
    await specOf('one')
    const silent = createServer((socket) => socket.resume())
    const socket = runtime.paths('one').adminSocket
    await new Promise<void>((resolve) => void silent.listen(socket, resolve))
    try {
      // Stands for an Envoy that hangs: alive, and silent.
      const spec = await specOf('two', { id: 'two' })
      const { pid } = await runtime.start(spec)
      process.kill(pid!, 'SIGSTOP')
      expect(await codeOf(runtime.waitUntilReady('two', { timeoutMs: 300 }))).toBe('not-ready')
      expect(await codeOf(runtime.admin('one').serverInfo({ timeoutMs: 100 }))).toBe(
        'admin-unreachable',
      )
    } finally {
      await new Promise((resolve) => silent.close(resolve))
    }
  })

  test('validateBootstrap accepts ours and refuses nonsense', async () => {
    const { bootstrap } = await specOf('one')
    const uid = { uid: 1337 }
    await validateBootstrap({ envoyPath: envoy, bootstrap, ...uid })
    const broken = { ...bootstrap, static_resources: { listeners: [], clusters: [{ nam: 'x' }] } }
    const error = await validateBootstrap({
      envoyPath: envoy,
      bootstrap: broken as unknown as typeof bootstrap,
    }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'config-invalid' })
    expect(await codeOf(validateBootstrap({ envoyPath: '/nowhere', bootstrap }))).toBe(
      'binary-missing',
    )
  })
})
