import { describe, expect, test } from 'vitest'

import { type CommandWorld, runCommand } from '../support/command-io.ts'

const istio = ['--compat', 'istio', '-b', '*']

/** A machine whose programs all work and print nothing. */
const works: CommandWorld = {}

function failing(pattern: RegExp, stderr: string, exitCode = 2): CommandWorld {
  return {
    answer: (argv) => (pattern.test(argv.join(' ')) ? { exitCode, stderr } : {}),
  }
}

describe('what is run', () => {
  test('once nothing is there: read, load, and nothing beside', async () => {
    const { code, ran, stdout } = await runCommand(['apply', ...istio], works)
    const lock = 'env XTABLES_LOCKFILE=/proc/self/ns/net'
    expect(ran).toEqual([
      'iptables-legacy-save',
      'iptables-nft-save',
      `${lock} iptables-nft-save`,
      `${lock} iptables-nft-restore --noflush --wait=5`,
      `${lock} ip6tables-nft-save`,
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'applied (iptables-nft)\n' })
  })

  test('for IPv6 the address of the proxy, for TPROXY the way of its packets', async () => {
    const args = ['apply', ...istio, '-m', 'TPROXY', '--enable-ipv6', '-t', '7', '-r', '8']
    const { ran } = await runCommand(args, works)
    expect(ran.filter((line) => line.startsWith('ip ') && !line.includes(' show '))).toEqual([
      'ip -6 address replace ::6/128 dev lo',
      'ip -4 rule add fwmark 7 lookup 8',
      'ip -4 route replace local default dev lo table 8',
      'ip -6 rule add fwmark 7 lookup 8',
      'ip -6 route replace local default dev lo table 8',
    ])
  })

  test('what is there already is not added', async () => {
    const world = { answer: () => ({ stdout: '' }) }
    const there: CommandWorld = {
      answer: (argv) => (argv[0] === 'ip' ? { stdout: 'it is here\n' } : world.answer()),
    }
    const { ran } = await runCommand(['apply', ...istio, '-m', 'TPROXY', '--enable-ipv6'], there)
    expect(ran.filter((line) => line.startsWith('ip ') && !line.includes(' show '))).toEqual([])
  })

  test.for([
    ['apply', ...istio, '--dry-run'],
    ['apply', '-b', '*', '-n'],
    ['remove', ...istio, '--dry-run'],
    ['remove', '--dry-run'],
    ['render', '--family', 'ipv4', ...istio],
    ['--help'],
    ['apply', '--help'],
  ])('nothing for %s', async (args) => {
    expect(await runCommand(args, works)).toMatchObject({ code: 0, ran: [] })
  })

  test.for([
    [['--backend', 'iptables-legacy'], 'iptables-legacy-restore'],
    [['--force-iptables-binary', 'legacy'], 'iptables-legacy-restore'],
    [['--force-iptables-binary', 'nft'], 'iptables-nft-restore'],
    [['--backend', 'iptables-nft'], 'iptables-nft-restore'],
  ] as const)('what %s forces', async ([args, program]) => {
    const { ran } = await runCommand(['apply', ...istio, ...args], works)
    expect(ran.filter((line) => line.includes('restore'))).toEqual([
      `env XTABLES_LOCKFILE=/proc/self/ns/net ${program} --noflush --wait=5`,
    ])
  })
})

describe('what the pod is found to be', () => {
  const world: CommandWorld = {
    addresses: ['127.0.0.1', '10.0.0.7', 'fd00::7'],
    files: {
      '/etc/resolv.conf': 'search local\nnameserver 10.0.0.10\nnameserver fe80::1%eth0\n',
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nistio-proxy:x:4242:4242::/:/bin/false\n',
    },
  }
  const planned = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(['apply', ...istio, ...args, '-n'], world)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout
  }

  test('its user and its name servers', async () => {
    const text = await planned('--redirect-dns')
    expect(text).toContain('-m owner --uid-owner 4242 ')
    expect(text).toContain('-p tcp --dport 53 -d 10.0.0.10/32 -j REDIRECT --to-ports 15053')
    expect(text).not.toContain('fe80')
    expect(await planned('--redirect-dns', '--dns-servers', '')).not.toContain('15053')
    expect(await planned('-u', '7')).not.toContain('4242')
  })

  test('its families, by the first address or by all', async () => {
    expect(await planned()).toMatch(/# ipv6\n$/)
    expect(await planned('--dual-stack')).toContain('::6/128')
    expect(await planned('--enable-ipv6')).toContain('::6/128')
    expect(await planned('--host-ip', 'fd00::7')).toContain('::6/128')
  })

  test('nothing of it by render', async () => {
    const args = ['render', '--family', 'ipv4', ...istio, '--redirect-dns']
    const { stdout } = await runCommand(args, world)
    expect(stdout).not.toMatch(/4242|15053/)
  })
})

describe('exit codes', () => {
  test.for([
    [4, failing(/save/, 'Permission denied (you must be root)', 4), 'Permission denied'],
    [3, failing(/./, 'not found', 127), 'no way into the kernel works here'],
    [3, failing(/^ip /, 'not found', 127), 'dev lo exited 127'],
    [5, failing(/restore/, 'Another app is currently holding the xtables lock', 4), 'xtables lock'],
    [5, failing(/restore/, 'iptables-restore: line 2 failed: Resource busy', 4), 'Resource busy'],
    [6, failing(/restore/, 'something else', 1), 'something else'],
  ] as const)('%i', async ([expected, world, words]) => {
    const args = ['apply', ...istio, '--enable-ipv6']
    const { code, stdout, stderr } = await runCommand(args, world)
    expect(stderr).toContain(words)
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
  })

  test('1 for what is missing, in lines and as JSON', async () => {
    const lines = await runCommand(['verify', ...istio], works)
    expect(lines.code).toBe(1)
    expect(lines.stdout).toContain('missing chain ipv4 in nat ISTIO_OUTPUT: nat ISTIO_OUTPUT\n')
    const json = await runCommand(['verify', ...istio, '-o', 'json'], works)
    expect(JSON.parse(json.stdout)).toMatchObject({ verb: 'verify', ok: false, form: 'istio' })
  })

  test.for([
    ['--backend', 'nft', ...istio],
    ['--force-iptables-binary', 'ebtables', ...istio],
    ['--dry-run=perhaps', ...istio],
  ])('2 for %s', async (args) => {
    const { code, stdout } = await runCommand(['apply', ...args], works)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

test('--spec can be applied with what says how, and variables do not disturb it', async () => {
  const world: CommandWorld = {
    files: { 'a.json': '{"families":["ipv4"]}' },
    env: { PROXY_UID: 'x y', DRY_RUN: 'true' },
  }
  const { code, ran } = await runCommand(['apply', '--spec', 'a.json', '-n'], world)
  expect({ code, ran }).toEqual({ code: 0, ran: [] })
  const applied = await runCommand(['apply', '--spec', 'a.json', '--backend', 'nft'], {
    ...world,
    answer: (argv) =>
      argv.includes('list') ? { exitCode: 1, stderr: 'Error: No such file or directory' } : {},
  })
  expect(applied).toMatchObject({ code: 0, stdout: 'applied (nft)\n' })
  expect(applied.ran).toContain('nft -f -')
})
