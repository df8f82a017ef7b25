import { describe, expect, test } from 'vitest'

import { parseRedirectSpec, plan, renderIstioRestore, renderRestore } from '../../src/index.ts'
import { runCommand } from '../support/command-io.ts'
import { istioConfigOf } from '../support/istio-cases.ts'

const spec = { families: ['ipv4'], excludeInboundPorts: [9090] }
const files = {
  'spec.json': JSON.stringify(spec),
  'saved.txt': renderRestore(plan(parseRedirectSpec(spec)), 'ipv4').replaceAll('"', ''),
  'empty.txt': '',
  'nft.json': '{"nftables":[]}',
  'wrong.txt': 'bash: iptables-save: not found\n',
}

describe('explain', () => {
  const packet = ['--source', '10.0.0.9', '--destination', '10.0.0.7', '--direction', 'inbound']

  test.for([
    ['captured by port 15006', ['--destination-port', '80']],
    ['passed', ['--destination-port', '9090']],
    ['passed', ['--protocol', 'other']],
  ] as const)('%s', async ([words, more]) => {
    const args = ['explain', '--spec', 'spec.json', ...packet, ...more]
    const { code, stdout } = await runCommand(args, { files })
    expect(code).toBe(0)
    expect(stdout.split('\n')[0]).toBe(words)
  })

  test('what was dumped, as JSON', async () => {
    const args = ['explain', '--dump', 'saved.txt', ...packet, '--destination-port', '9090']
    const { stdout } = await runCommand([...args, '-o', 'json'], { files })
    expect(JSON.parse(stdout)).toMatchObject({
      verb: 'explain',
      verdict: 'passed',
      packet: { family: 'ipv4', destinationPort: 9090 },
      steps: [{ rule: 'to-inbound' }, { rule: 'exclude-inbound-ports' }],
    })
  })

  test.for([
    ['two families', ['--destination', 'fd00::1'], 'of one family'],
    ['no address', ['--source', 'localhost'], 'must be an address'],
    ['no port', ['--destination-port', '70000'], 'from 0 to 65535'],
    ['the form of Istio', ['--compat', 'istio'], 'our own form only'],
  ] as const)('refuses %s', async ([, more, words]) => {
    const args = ['explain', '--spec', 'spec.json', ...packet, ...more]
    const { code, stderr } = await runCommand(args, { files })
    expect(code).toBe(2)
    expect(stderr).toContain(words)
  })
})

describe('diff', () => {
  const own = ['diff', '--spec', 'spec.json', '--family', 'ipv4']

  test('none, with 0', async () => {
    expect(await runCommand([...own, '--dump', 'saved.txt'], { files })).toMatchObject({
      code: 0,
      stdout: 'no difference\n',
      ran: [],
    })
  })

  test('some, with 1', async () => {
    for (const dump of ['empty.txt', 'nft.json']) {
      const { code, stdout } = await runCommand([...own, '--dump', dump], { files })
      expect(code).toBe(1)
      expect(stdout).toMatch(/^missing (table|chain|set)[ :]/)
    }
  })

  test('of what Istio left', async () => {
    const args = ['diff', '--family', 'ipv4', '--compat', 'istio', '-b', '*', '--dump', '-']
    const lines = renderIstioRestore(istioConfigOf('inbound-ports-wildcard'), 'ipv4').split('\n')
    const chains = ':PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n'
    const stdin = lines
      .map((line) => line.replace('* nat', `*nat\n${chains}`).replace(/^-N (.*)/, ':$1 - [0:0]'))
      .join('\n')
    expect(await runCommand(args, { stdin })).toMatchObject({ code: 0 })
    const changed = stdin.replace('--to-ports 15001', '--to-ports 15002')
    const { code, stdout } = await runCommand(args, { stdin: changed })
    expect(code).toBe(1)
    expect(stdout).toBe(
      'missing rule ipv4 in nat ISTIO_REDIRECT: -p tcp -j REDIRECT --to-ports 15001\n' +
        'extra rule ipv4 in nat ISTIO_REDIRECT: -p tcp -j REDIRECT --to-ports 15002\n',
    )
  })

  test.for([
    ['a specification and a dump from one input', ['--dump', '-'], 2],
    ['what is no dump', ['--spec', 'spec.json', '--dump', 'wrong.txt'], 6],
    ['a file that is not there', ['--spec', 'spec.json', '--dump', 'x'], 2],
  ] as const)('refuses %s', async ([, args, expected]) => {
    const { code, stdout } = await runCommand(['diff', '--family', 'ipv4', ...args], {
      files,
      stdin: '{}',
    })
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
  })
})

describe('capabilities', () => {
  const answer = (
    argv: readonly string[],
  ): { exitCode?: number; stdout?: string; stderr?: string } => {
    const line = argv.join(' ')
    if (line.startsWith('iptables-legacy') || line.startsWith('ip6tables-legacy')) {
      return { exitCode: 127, stderr: 'not found' }
    }
    if (line === 'nft -j list ruleset') return { stdout: '{"nftables":[]}' }
    if (line === 'ip6tables-nft-save') return { exitCode: 3, stderr: 'no \u001b[31mIPv6' }
    return { stdout: line.endsWith('ersion') ? `${argv[0] ?? ''} v1\n` : '-A OUTPUT -j X\n' }
  }

  test('in lines', async () => {
    const { code, stdout } = await runCommand(['capabilities'], { answer })
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'nft: works, in use (nft v1)',
      'iptables-nft: works, in use (iptables-nft v1)',
      'ip6tables-nft: does not work: no ?[31mIPv6 (ip6tables-nft v1)',
      'iptables-legacy: does not work: not there',
      'ip6tables-legacy: does not work: not there',
      'ip: works (ip v1)',
      'chosen: nft; with --compat istio: iptables-nft',
      '',
    ])
  })

  test('as JSON, and with 3 when nothing works', async () => {
    const none = (): { exitCode: number } => ({ exitCode: 127 })
    const { code, stdout } = await runCommand(['capabilities', '-o', 'json'], { answer: none })
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({ verb: 'capabilities', chosen: {} })
  })
})

describe('--schema', () => {
  test('has every field with its default', async () => {
    const { code, stdout } = await runCommand(['--schema'])
    const { properties } = JSON.parse(stdout) as {
      properties: Readonly<Record<string, { default: unknown }>>
    }
    const defaults = Object.entries(properties).map(([field, one]) => [field, one.default])
    expect(code).toBe(0)
    expect(Object.fromEntries(defaults)).toEqual(parseRedirectSpec({}))
  })

  test('says what may stand beside *', async () => {
    const { stdout } = await runCommand(['--schema'])
    const { properties } = JSON.parse(stdout) as { properties: Readonly<Record<string, unknown>> }
    expect(properties['includeInboundPorts']).toMatchObject({
      anyOf: [{ const: '*' }, { type: 'array', items: { type: 'integer', minimum: 1 } }],
    })
  })
})

test('an unknown verb is refused, and none shows the help', async () => {
  expect(await runCommand(['frobnicate'])).toMatchObject({
    code: 2,
    stderr: 'proxy-iptables: frobnicate is not a verb; --help shows them\n',
  })
  const { code, stderr } = await runCommand([])
  expect(code).toBe(2)
  expect(stderr).toContain('Usage: proxy-iptables [options] <verb>')
})
