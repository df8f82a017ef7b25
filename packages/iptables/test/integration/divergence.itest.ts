import { createNetns, type TestNetns } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { parseRedirectSpec, plan, type RedirectBackend, type RuleDiff } from '../../src/index.ts'
import { openBackend } from './support/backends.ts'

const rules = plan(
  parseRedirectSpec({
    excludeInboundPorts: [15_020, 15_090],
    excludeOutboundCidrs: ['10.0.0.0/8', 'fd00::/8'],
    proxyUids: [1337, 1338],
  }),
)

/** What somebody does to the rules by hand, and what verify then says. */
interface Damage {
  readonly name: string
  readonly commands: readonly (readonly [string, ...string[]])[]
  readonly expect: readonly Partial<RuleDiff>[]
}

/** Differences without the words, which the unit tests cover. */
function brief(differences: readonly RuleDiff[]): Partial<RuleDiff>[] {
  return differences.map(({ kind, object, name }) => ({ kind, object, name }))
}

const nft = (script: string): [string, ...string[]] => ['nft', script]

const nftDamages: readonly Damage[] = [
  {
    name: 'table deleted',
    commands: [nft('delete table inet proxy_sidecar')],
    expect: [
      { kind: 'missing', object: 'table', name: 'proxy_sidecar' },
      ...rules.sets.map(({ name }) => ({ kind: 'missing', object: 'set', name }) as const),
      ...rules.chains.map(
        ({ table, name }) =>
          ({ kind: 'missing', object: 'chain', name: `${table} ${name}` }) as const,
      ),
    ],
  },
  {
    name: 'chain flushed',
    commands: [nft('flush chain inet proxy_sidecar nat_capture_outbound')],
    expect: [{ kind: 'missing', object: 'rule', name: 'redirect-outbound' }],
  },
  {
    name: 'rule of somebody else inside',
    commands: [nft('insert rule inet proxy_sidecar nat_output tcp dport 22 accept')],
    expect: [{ kind: 'extra', object: 'rule', name: 'unnamed' }],
  },
  {
    name: 'rule copied',
    commands: [
      nft(
        'add rule inet proxy_sidecar nat_capture_outbound meta l4proto tcp redirect to :15001 comment "proxy/redirect-outbound"',
      ),
    ],
    expect: [{ kind: 'extra', object: 'rule', name: 'redirect-outbound' }],
  },
  {
    name: 'port changed',
    commands: [
      nft(
        'flush chain inet proxy_sidecar nat_capture_inbound; add rule inet proxy_sidecar nat_capture_inbound meta l4proto tcp redirect to :15099 comment "proxy/redirect-inbound"',
      ),
    ],
    expect: [{ kind: 'changed', object: 'rule', name: 'redirect-inbound' }],
  },
  {
    name: 'order changed',
    commands: [
      nft(
        'flush chain inet proxy_sidecar nat_inbound; add rule inet proxy_sidecar nat_inbound tcp dport @exclude_inbound_ports return comment "proxy/exclude-inbound-ports"; add rule inet proxy_sidecar nat_inbound meta l4proto tcp jump nat_capture_inbound comment "proxy/capture-inbound-rest"; add rule inet proxy_sidecar nat_inbound tcp dport 15008 return comment "proxy/skip-tunnel-port"',
      ),
    ],
    expect: [{ kind: 'reordered', object: 'rule', name: 'skip-tunnel-port' }],
  },
  {
    name: 'elements of sets changed',
    commands: [
      nft('add element inet proxy_sidecar exclude_inbound_ports { 22 }'),
      nft('add element inet proxy_sidecar exclude_outbound_ipv4 { 192.168.0.0/16 }'),
      nft('delete element inet proxy_sidecar proxy_uids { 1338 }'),
    ],
    expect: [
      { kind: 'changed', object: 'set', name: 'exclude_inbound_ports' },
      { kind: 'changed', object: 'set', name: 'proxy_uids' },
      { kind: 'changed', object: 'set', name: 'exclude_outbound_ipv4' },
    ],
  },
  {
    name: 'chain and set added',
    commands: [
      nft('add chain inet proxy_sidecar back_door'),
      nft('add set inet proxy_sidecar more { type inet_service; }'),
    ],
    expect: [
      { kind: 'extra', object: 'chain', name: 'back_door' },
      { kind: 'extra', object: 'set', name: 'more' },
    ],
  },
  {
    name: 'table put to sleep',
    commands: [nft('add table inet proxy_sidecar { flags dormant; }')],
    expect: [{ kind: 'changed', object: 'table', name: 'proxy_sidecar' }],
  },
  {
    name: 'set that holds everything',
    commands: [nft('add element inet proxy_sidecar exclude_inbound_ports { * }')],
    expect: [{ kind: 'changed', object: 'set', name: 'exclude_inbound_ports' }],
  },
  {
    name: 'rule that only looks right',
    commands: [
      nft(
        'flush chain inet proxy_sidecar nat_output; add rule inet proxy_sidecar nat_output meta l4proto & 3 == 2 jump nat_outbound comment "proxy/to-outbound"',
      ),
    ],
    expect: [{ kind: 'changed', object: 'rule', name: 'to-outbound' }],
  },
  {
    name: 'policy changed',
    commands: [
      nft(
        'add chain inet proxy_sidecar nat_output { type nat hook output priority -100; policy drop; }',
      ),
    ],
    expect: [{ kind: 'changed', object: 'hook', name: 'nat_output' }],
  },
]

const iptables = (tool: string, ...args: string[]): [string, ...string[]] => [
  tool,
  '-t',
  'nat',
  ...args,
]

const iptablesDamages = (tool: string): readonly Damage[] => [
  {
    name: 'everything flushed',
    commands: [iptables(tool, '-F')],
    expect: [
      ...rules.chains.flatMap(({ table, name, hook, rules: list }) => [
        ...(hook === undefined
          ? []
          : [{ kind: 'missing', object: 'hook', name: `${table} ${name}` } as const]),
        ...list
          .filter(({ families }) => families.includes('ipv4'))
          .map((rule) => ({ kind: 'missing', object: 'rule', name: rule.name }) as const),
      ]),
    ],
  },
  {
    name: 'hook deleted',
    commands: [iptables(tool, '-F', 'OUTPUT')],
    expect: [{ kind: 'missing', object: 'hook', name: 'nat output' }],
  },
  {
    name: 'hook twice',
    commands: [
      iptables(
        tool,
        '-A',
        'OUTPUT',
        '-m',
        'comment',
        '--comment',
        'proxy/hook',
        '-j',
        'PROXY_SC_OUTPUT',
      ),
    ],
    expect: [{ kind: 'extra', object: 'hook', name: 'PROXY_SC_OUTPUT' }],
  },
  {
    name: 'hook by goto',
    commands: [
      iptables(tool, '-F', 'OUTPUT'),
      iptables(
        tool,
        '-A',
        'OUTPUT',
        '-m',
        'comment',
        '--comment',
        'proxy/hook',
        '-g',
        'PROXY_SC_OUTPUT',
      ),
    ],
    expect: [
      { kind: 'extra', object: 'hook', name: 'PROXY_SC_OUTPUT' },
      { kind: 'missing', object: 'hook', name: 'nat output' },
    ],
  },
  {
    name: 'hook with a condition',
    commands: [
      iptables(tool, '-F', 'OUTPUT'),
      iptables(tool, '-A', 'OUTPUT', '-p', 'udp', '-j', 'PROXY_SC_OUTPUT'),
    ],
    expect: [
      { kind: 'extra', object: 'hook', name: 'PROXY_SC_OUTPUT' },
      { kind: 'missing', object: 'hook', name: 'nat output' },
    ],
  },
  {
    name: 'rule of somebody else inside',
    commands: [
      iptables(tool, '-I', 'PROXY_SC_OUTPUT', '-p', 'tcp', '--dport', '22', '-j', 'ACCEPT'),
    ],
    expect: [{ kind: 'extra', object: 'rule', name: 'unnamed' }],
  },
  {
    name: 'one rule deleted',
    commands: [iptables(tool, '-D', 'PROXY_SC_INBOUND', '1')],
    expect: [{ kind: 'missing', object: 'rule', name: 'skip-tunnel-port' }],
  },
  {
    name: 'one of several users deleted',
    commands: [iptables(tool, '-D', 'PROXY_SC_OUTBOUND', '3')],
    expect: [{ kind: 'changed', object: 'rule', name: 'proxy-uid-to-itself-ipv4' }],
  },
  {
    name: 'rule copied',
    commands: [
      iptables(
        tool,
        '-A',
        'PROXY_SC_CAPTURE_OUTBOUND',
        '-p',
        'tcp',
        '-m',
        'comment',
        '--comment',
        'proxy/redirect-outbound',
        '-j',
        'REDIRECT',
        '--to-ports',
        '15001',
      ),
    ],
    expect: [{ kind: 'extra', object: 'rule', name: 'redirect-outbound' }],
  },
  {
    name: 'order changed',
    commands: [
      iptables(tool, '-D', 'PROXY_SC_INBOUND', '1'),
      iptables(
        tool,
        '-A',
        'PROXY_SC_INBOUND',
        '-p',
        'tcp',
        '--dport',
        '15008',
        '-m',
        'comment',
        '--comment',
        'proxy/skip-tunnel-port',
        '-j',
        'RETURN',
      ),
    ],
    expect: [{ kind: 'reordered', object: 'rule', name: 'skip-tunnel-port' }],
  },
  {
    name: 'chain added',
    commands: [
      iptables(tool, '-N', 'PROXY_SC_BACK_DOOR'),
      iptables(tool, '-A', 'PROXY_SC_OUTPUT', '-j', 'PROXY_SC_BACK_DOOR'),
    ],
    expect: [
      { kind: 'extra', object: 'chain', name: 'nat PROXY_SC_BACK_DOOR' },
      { kind: 'extra', object: 'rule', name: 'unnamed' },
    ],
  },
]

describe.each([
  ['netlink', nftDamages],
  ['nft', nftDamages],
  ['iptables-nft', iptablesDamages('iptables-nft')],
  ['iptables-legacy', iptablesDamages('iptables-legacy')],
] as const)('%s', (name, damages) => {
  let netns: TestNetns
  let backend: RedirectBackend & AsyncDisposable
  beforeEach(async () => {
    netns = await createNetns('ipt-div')
    backend = await openBackend(name, netns)
  })
  afterEach(async () => {
    await backend[Symbol.asyncDispose]()
    await netns[Symbol.asyncDispose]()
  })

  test.for(damages)('$name is named, repaired and removed', async (damage) => {
    await backend.apply(rules)
    for (const command of damage.commands) await netns.must(...command)
    const verification = await backend.verify(rules)
    expect(verification.ok).toBe(false)
    expect(brief(verification.differences)).toEqual(damage.expect)
    await backend.apply(rules)
    expect(await backend.verify(rules)).toEqual({ ok: true, differences: [] })
    for (const command of damage.commands) await netns.must(...command)
    await backend.remove()
    expect(await backend.verify({ families: [], sets: [], chains: [] })).toEqual({
      ok: true,
      differences: [],
    })
  })
})
