import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { beforeAll, describe, expect, test } from 'vitest'

import { captureWire, type Pod, readAccessLogs } from '@proxy/lab'
import { eventually } from '@proxy/testkit'

import { adminSocketOf, askEnvoy } from '../src/admin.ts'
import { callFrom, tryFrom } from '../src/bookinfo.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'attack' })

let attacked: Pod
let other: Pod

beforeAll(async () => {
  const { lab } = node
  attacked = await lab.createPod({ name: 'details' })
  other = await lab.createPod({ name: 'ratings' })
  for (const pod of [attacked, other]) await pod.start()
  await attacked.startApp('details')
  await other.startApp('ratings')
  await callFrom(lab, attacked, other.ip, '/ratings/0')
})

const program = (name: string): string =>
  fileURLToPath(new URL(`../programs/${name}.mjs`, import.meta.url))

/** What nobody in a pod may reach, of either pod. */
function secrets(): { readonly files: readonly string[]; readonly sockets: readonly string[] } {
  const { paths } = node.lab
  const folders = [attacked, other].map(({ containerId }) => {
    return join(paths.sidecarDir, 'sidecars', containerId)
  })
  return {
    files: [
      ...folders.flatMap((folder) =>
        ['sds/identity.json', 'bootstrap.json', 'access.log'].map((name) => join(folder, name)),
      ),
      join(paths.stateDir, 'journal', `${attacked.containerId}.json`),
      join(paths.runDir, 'selection.json'),
    ],
    sockets: [...[attacked, other].map((pod) => adminSocketOf(node.lab, pod)), paths.socket],
  }
}

describe('the key, the admin sockets and the agent', () => {
  /** Runs programs/reach.mjs on all secrets; returns the distinct outcomes. */
  const outcomesOf = async (
    start: readonly string[],
    options: { readonly uid?: string } = {},
  ): Promise<readonly string[]> => {
    const { files, sockets } = secrets()
    const { exitCode, stdout, stderr } = await attacked.run(
      ['env', ...start, program('reach'), JSON.stringify([files, sockets])],
      options,
    )
    expect(exitCode, stderr).toBe(0)
    const outcomes = JSON.parse(stdout) as Readonly<Record<string, string>>
    expect(Object.keys(outcomes)).toHaveLength(files.length + sockets.length)
    return [...new Set(Object.values(outcomes))]
  }

  test('can be reached by root of the node: the paths are right', async () => {
    const outcomes = await outcomesOf([process.execPath])
    expect(outcomes.filter((outcome) => outcome.startsWith('E'))).toEqual([])
  })

  test("cannot by the application's user, even if the folders were mounted into the pod", async () => {
    const { lab } = node
    // Where the application's user can read the program.
    const copy = join(lab.paths.bookinfo, 'reach.mjs')
    await lab.run(['install', '-m', '644', program('reach'), copy])
    const { files, sockets } = secrets()
    const { stdout } = await attacked.run(
      [lab.paths.node, copy, JSON.stringify([files, sockets])],
      { uid: '10001' },
    )
    const outcomes = Object.values(JSON.parse(stdout) as Readonly<Record<string, string>>)
    expect(outcomes).toEqual(Array(files.length + sockets.length).fill('EACCES'))
  })

  test('cannot by root of a container, which has a file system and processes of its own', async () => {
    const script = 'mount -t tmpfs none /run && exec "$@"'
    const outcomes = await outcomesOf([
      ...[
        'unshare',
        '--mount',
        '--pid',
        '--fork',
        '--mount-proc',
        '--propagation',
        'private',
        '--',
      ],
      ...['sh', '-c', script, 'sh', process.execPath],
    ])
    expect(outcomes).toEqual(['ENOENT'])
  })

  test('have no abstract socket, which belongs to the network namespace', async () => {
    const { stdout } = await attacked.run(['cat', '/proc/net/unix'])
    const names = stdout.split('\n').map((line) => line.split(/\s+/)[7] ?? '')
    expect(names).toContain(adminSocketOf(node.lab, attacked)) // the list is of this namespace
    expect(names.filter((name) => name.startsWith('@'))).toEqual([])
  })

  test('listen on no port of the pod but the two that are captured', async () => {
    const { stdout } = await attacked.run(['ss', '-Hltn'])
    const ports = stdout.split('\n').flatMap((line) => /:(\d+)\s/.exec(line)?.[1] ?? [])
    expect([...new Set(ports)].sort()).toEqual(['15001', '15006', '9080'])
  })
})

describe('dialling a capture port', () => {
  const connections = async (): Promise<Readonly<Record<'total' | 'active', number>>> => {
    const text = await askEnvoy(node.lab, attacked, '/stats?filter=^listener\\..*downstream_cx')
    const sum = (name: string): number =>
      [
        ...text.matchAll(
          new RegExp(`^listener\\.(?!admin).*\\.downstream_cx_${name}: (\\d+)$`, 'gm'),
        ),
      ]
        .map(([, value]) => Number(value))
        .reduce((a, b) => a + b, 0)
    return { total: sum('total'), active: sum('active') }
  }

  test.each([
    ['inside', '15001', 'own address'],
    ['inside', '15006', 'own address'],
    ['inside', '15001', '127.0.0.1'],
    ['inside', '15006', '127.0.0.1'],
    ['outside', '15001', 'own address'],
    ['outside', '15006', 'own address'],
  ])('from %s, %s of its %s, is closed and does not go round', async (where, port, address) => {
    const host = address === 'own address' ? attacked.ip : address
    const dial = [process.execPath, program('dial'), host, port] as const
    const before = await connections()
    const { stdout } = await (where === 'inside' ? attacked.run(dial) : node.lab.run(dial))
    expect(stdout).toBe('closed\n')

    await eventually(async () => expect((await connections()).active).toBe(before.active))
    const after = await connections()
    // Once through the outbound and once through the inbound listener at most, and then no more.
    expect(after.total - before.total).toBeLessThanOrEqual(4)
    await sleep(200)
    expect(await connections()).toEqual(after)
  })
})

// What the redirection cannot prevent; SECURITY.md says so. A change here has to change that too.
describe('not prevented', () => {
  test("root of a container takes the proxy's user id and goes out as it likes, in plain text", async () => {
    const { lab } = node
    const wire = await captureWire(lab, { port: 9080 })
    const { exitCode } = await tryFrom(lab, attacked, other.ip, '/ratings/bypass', '1337')
    expect(exitCode).toBe(0)
    // A connection that the sidecar has kept from before may say something too.
    const kinds = (await wire.stop()).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'plain')).toHaveLength(1)
    // It gets no identity by that: the other side has seen somebody without one.
    await eventually(async () => {
      const logs = await readAccessLogs(lab.paths)
      expect(
        logs
          .filter(({ path }) => path === '/ratings/bypass')
          .map(({ direction, tls, peerSpiffeId }) => [direction, tls, peerSpiffeId]),
      ).toEqual([['inbound', null, null]])
    })
  })
})
