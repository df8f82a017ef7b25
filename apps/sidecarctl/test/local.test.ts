import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { AgentApiError } from '@proxy/agent-api'
import { createTempDir } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { failureOf } from '../src/exit-code.ts'
import { ageText, visible } from '../src/text.ts'
import { sidecarctl } from './tool-process.ts'

vi.setConfig({ testTimeout: 60_000 })

let stack: AsyncDisposableStack
let folder: string

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  folder = stack.use(await createTempDir('ctl')).path
})

afterEach(async () => {
  await stack.disposeAsync()
})

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

describe('a decision from files needs no agent', () => {
  test('captured, with everything that follows', async () => {
    const conf = await file('conf.json', { type: 'proxy-cni', failPolicy: 'open' })
    const annotations = await file('a.json', {
      'sidecarctl.dev/inject': 'true',
      'traffic.sidecar.istio.io/excludeInboundPorts': '3306',
    })
    const exit = await sidecarctl([
      ...['explain', 'shop/db-0', '--conf', conf, '--annotations', annotations],
    ])
    expect(exit).toMatchObject({ code: 0, stderr: '' })
    expect(exit.stdout).toContain(
      'shop/db-0 would be captured because its annotation says inject "true"\n',
    )
    expect(exit.stdout).toMatch(/failPolicy +open\n/)
    expect(exit.stdout).toMatch(/excludeInboundPorts +3306,15020,15021,15090\n/)
  })

  test('from a conflist and a pod, as JSON', async () => {
    const plugins = [{ type: 'bridge' }, { type: 'proxy-cni', selection: 'all' }]
    const conf = await file('10-pods.conflist', { name: 'pods', plugins })
    const pod = await file('pod.json', {
      kind: 'Pod',
      metadata: { annotations: { 'sidecarctl.dev/inject': 'false' } },
    })
    const exit = await sidecarctl([
      ...['explain', 'shop/db-0', '--conf', conf, '--annotations', pod, '-o', 'json'],
    ])
    expect(JSON.parse(exit.stdout)).toMatchObject({
      kind: 'skip',
      reason: 'annotation-opt-out',
      pod: { namespace: 'shop', name: 'db-0' },
    })
  })

  test('with a selection file', async () => {
    const conf = await file('conf.json', { selection: 'namespace' })
    const good = await file('good.json', { version: 1, namespaces: ['shop'] })
    const args = ['explain', 'shop/db-0', '--conf', conf]
    expect((await sidecarctl([...args, '--selection', good])).stdout).toContain('would be captured')
    const bad = await file('bad.json', '{')
    const { stdout } = await sidecarctl([...args, '--selection', bad])
    expect(stdout).toContain('would not be captured')
    expect(stdout).toContain('  - selection file: it is not JSON\n')
  })

  test('what the plugin would refuse is refused by name, with 1', async () => {
    const annotations = await file('a.json', {
      'sidecarctl.dev/inject': 'true',
      'sidecarctl.dev/mtls': 'maybe',
    })
    const exit = await sidecarctl(['explain', 'shop/db-0', '--annotations', annotations])
    expect(exit).toMatchObject({ code: 1, stdout: '' })
    expect(exit.stderr).toContain('annotation sidecarctl.dev/mtls is "maybe"')
  })

  test.each([
    ['a missing file', 'none.json', undefined, 'read '],
    ['no JSON', 'a.yaml', 'a: b', 'is not JSON'],
    ['a conflist without us', 'a.conflist', { plugins: [{ type: 'bridge' }] }, 'no plugin of type'],
  ])('%s is 2', async (_name, name, content, words) => {
    const path = content === undefined ? join(folder, name) : await file(name, content)
    const exit = await sidecarctl(['explain', 'shop/db-0', '--conf', path])
    expect(exit).toMatchObject({ code: 2, stdout: '' })
    expect(exit.stderr).toContain(words)
  })
})

describe('the command line', () => {
  test.each([
    [[]],
    [['nope']],
    [['explain']],
    [['status', '-o', 'yaml']],
    [['--timeout', 'soon', 'status']],
    [['--timeout', '-1', 'status']],
    [['explain', 'a/b/c']],
    [['explain', '../x']],
    [['explain', 'Shop/db-0']],
  ])('%j is 2, with a word on stderr', async (args) => {
    const exit = await sidecarctl(args)
    expect(exit).toMatchObject({ code: 2, stdout: '' })
    expect(exit.stderr).not.toBe('')
  })

  test.each(['version', 'status', 'explain'])('%s --help has examples', async (command) => {
    const exit = await sidecarctl([command, '--help'])
    expect(exit).toMatchObject({ code: 0, stderr: '' })
    expect(exit.stdout).toMatch(new RegExp(`Examples:\n {2}sidecarctl ${command}`))
  })

  test('--help lists the exit codes', async () => {
    const exit = await sidecarctl(['--help'])
    expect(exit.stdout).toContain('3  the agent cannot be reached')
  })
})

test.for([
  ['permission-denied', 4],
  ['agent-absent', 3],
  ['timeout', 3],
  ['unsupported-version', 3],
  ['internal', 1],
  ['bad-request', 1],
] as const)('%s ends with %i', ([code, expected]) => {
  expect(failureOf(new AgentApiError(code, 'x')).code).toBe(expected)
})

test.for([
  [0, '0s'],
  [-5, '0s'],
  [119, '119s'],
  [120, '2m'],
  [7_199, '119m'],
  [7_200, '2h'],
  [172_799, '47h'],
  [172_800, '2d'],
] as const)('%i seconds are %s', ([seconds, text]) => {
  expect(ageText('2026-01-01T00:00:00.000Z', Date.UTC(2026, 0, 1) + seconds * 1_000)).toBe(text)
})

test('what others wrote cannot steer a terminal', () => {
  expect(visible('a\u001b[2Jb\nc\u202ed')).toBe('a?[2Jb?c?d')
  expect(ageText('yesterday', 0)).toBe('?')
})

test('a reader that has had enough is no fault', async () => {
  const tool = join(import.meta.dirname, '../dist/main.js')
  // The reader is gone before the first byte is written.
  const script = '{ sleep 0.2; "$0" "$1" --help; } | true; echo "${PIPESTATUS[*]}"'
  const { stdout, stderr } = await promisify(execFile)('bash', [
    ...['-c', script, process.execPath, tool],
  ])
  expect({ stdout, stderr }).toEqual({ stdout: '0 0\n', stderr: '' })
})
