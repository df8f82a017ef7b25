import { describe, expect, test } from 'vitest'

import { detectCapabilities, detectUsage, quietRunner } from '../../src/index.ts'
import { recordingRunner } from '../../src/testing/index.ts'

/** A machine where programs print what they are given, and others are not installed. */
function machine(prints: Readonly<Record<string, string>>): ReturnType<typeof recordingRunner> {
  return recordingRunner(({ argv }) => {
    const stdout = prints[argv[0] ?? '']
    return stdout === undefined ? { exitCode: 127, stderr: 'not found' } : { stdout }
  })
}

const save = (...chains: string[]): string =>
  ['*nat', ...chains.map((chain) => `:${chain} - [0:0]`), 'COMMIT'].join('\n')
const list = (...objects: unknown[]): string => JSON.stringify({ nftables: objects })

test('a namespace with nothing, on a machine with nothing', async () => {
  const nothing = { others: [], ours: [], meshes: [] }
  const runner = machine({})
  expect(await detectUsage(runner)).toEqual(nothing)
  expect(await detectUsage(machine({ nft: 'table ip nat {' }))).toEqual(nothing)
  // Nothing that could change anything is run.
  expect(runner.commands.map(({ argv }) => argv.join(' '))).toEqual([
    'nft -j list ruleset',
    'iptables-nft-save',
    'ip6tables-nft-save',
    'iptables-legacy-save',
    'ip6tables-legacy-save',
  ])
})

test('our rules, by each way', async () => {
  const table = { table: { family: 'inet', name: 'proxy_sidecar' } }
  const runner = machine({
    nft: list(table),
    'iptables-nft-save': `*nat\n:PROXY_SC_OUTPUT - [0:0]\n-A OUTPUT -j PROXY_SC_OUTPUT\nCOMMIT`,
    'ip6tables-legacy-save': save('PROXY_SC_OUTPUT'),
  })
  const { ours, others } = await detectUsage(runner)
  expect(ours).toEqual(['nf_tables', 'iptables-nft', 'iptables-legacy'])
  expect(others).toEqual([])
})

describe('rules of other meshes are named', () => {
  test.for([
    ['Istio', 'ISTIO_OUTPUT'],
    ['Linkerd', 'PROXY_INIT_REDIRECT'],
    ['Consul', 'CONSUL_PROXY_OUTPUT'],
    ['Kuma', 'KUMA_MESH_OUTBOUND'],
    ['Open Service Mesh', 'OSM_PROXY_INBOUND'],
    ['AWS App Mesh', 'APPMESH_EGRESS_CUSTOM'],
  ] as const)('%s', async ([mesh, chain]) => {
    const runner = machine({ 'iptables-legacy-save': save('PREROUTING', chain) })
    expect((await detectUsage(runner)).meshes).toEqual([
      { mesh, where: 'iptables-legacy', objects: [chain] },
    ])
  })

  test('in tables of nf_tables', async () => {
    const names = ['istio-proxy-nat', 'istio-proxy-raw']
    const nft = list(...names.map((name) => ({ table: { family: 'inet', name } })))
    expect((await detectUsage(machine({ nft }))).meshes).toEqual([
      { mesh: 'Istio', where: 'nft', objects: names },
    ])
  })

  test('once, when nft lists what iptables-nft made', async () => {
    const nft = list({ chain: { family: 'ip', table: 'nat', name: 'ISTIO_OUTPUT' } })
    const runner = machine({ nft, 'iptables-nft-save': save('ISTIO_OUTPUT') })
    expect((await detectUsage(runner)).meshes).toEqual([
      { mesh: 'Istio', where: 'iptables-nft', objects: ['ISTIO_OUTPUT'] },
    ])
  })

  test('and others are not', async () => {
    const runner = machine({
      'iptables-nft-save': save('KUBE-SERVICES', 'CNI-HOSTPORT', 'MY_ISTIO_'),
    })
    expect((await detectUsage(runner)).meshes).toEqual([])
  })
})

test('rules of others, whatever they are for', async () => {
  const runner = machine({ 'iptables-legacy-save': '*filter\n-A INPUT -p tcp -j DROP\nCOMMIT' })
  expect((await detectUsage(runner)).others).toEqual(['iptables-legacy'])
})

describe('capabilities', () => {
  test('without anything to try them with', async () => {
    const found = await detectCapabilities({})
    expect(Object.values(found).map(({ works }) => works)).toEqual([false, false, false, false])
  })

  test('a program that is not there says so, and one that lies is found out', async () => {
    const lying = machine({ nft: list(), 'iptables-nft-save': '', 'iptables-nft-restore': '' })
    const found = await detectCapabilities({ runner: lying, families: ['ipv4'] })
    expect(found.nft).toEqual({ works: false, reason: 'rules are not there after apply' })
    expect(found['iptables-legacy']).toMatchObject({ works: false, error: { code: 'unsupported' } })
  })

  test('an abort is thrown, not taken for a missing program', async () => {
    const runner = { run: () => Promise.reject(new DOMException('stop', 'AbortError')) }
    await expect(detectCapabilities({ runner })).rejects.toThrow('stop')
  })
})

test('the quiet runner runs the program behind an empty nsswitch.conf', async () => {
  const runner = recordingRunner()
  await quietRunner(runner).run(['nft', '-f', '-'], 'text')
  const [command] = runner.commands
  expect(command?.argv.slice(-3)).toEqual(['nft', '-f', '-'])
  expect(command?.argv.join(' ')).toMatch(/^unshare --mount .*nsswitch\.conf/)
  expect(command?.stdin).toBe('text')
})
