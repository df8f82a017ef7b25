import { createNetns, type TestNetns } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import {
  iptablesRestoreBackend,
  parseRedirectSpec,
  plan,
  type RedirectBackend,
  type RuleSet,
} from '../../src/index.ts'
import { backendNames, openBackend, runnerIn } from './support/backends.ts'
import { snapshot } from './support/snapshot.ts'

const rich = plan(
  parseRedirectSpec({
    excludeInboundPorts: [15_020, 15_021, 15_090],
    excludeOutboundPorts: Array.from({ length: 20 }, (_, index) => 2000 + index),
    includeOutboundCidrs: ['10.0.0.0/8', '11.0.0.0/9', '192.168.0.0/16', 'fd00::/8'],
    excludeOutboundCidrs: ['10.5.0.0/16', '169.254.169.254/32', 'fd05::/16'],
    includeOutboundPorts: [443],
    excludeInterfaces: ['net1', 'net2'],
    proxyUids: [3, 4],
    proxyGids: [1337, 5],
  }),
)
const defaults = plan(parseRedirectSpec({}))
const ipv4Only = plan(parseRedirectSpec({ families: ['ipv4'], includeInboundPorts: [80] }))
const noRules: RuleSet = { families: [], sets: [], chains: [] }

describe.each(backendNames)('%s', (name) => {
  let netns: TestNetns
  let backend: RedirectBackend & AsyncDisposable
  beforeEach(async () => {
    netns = await createNetns('ipt-life')
    backend = await openBackend(name, netns)
  })
  afterEach(async () => {
    await backend[Symbol.asyncDispose]()
    await netns[Symbol.asyncDispose]()
  })

  test('apply, verify, apply, verify, remove, verify nothing left, remove', async () => {
    await backend.apply(rich)
    expect(await backend.verify(rich)).toEqual({ ok: true, differences: [] })
    const once = await snapshot(netns)
    const generation = await netns.must('nft', '--handle', 'list', 'ruleset')
    await backend.apply(rich)
    // Not replaced by the same: the handles would be others.
    expect(await netns.must('nft', '--handle', 'list', 'ruleset')).toBe(generation)
    expect(await backend.verify(rich)).toEqual({ ok: true, differences: [] })
    expect(await snapshot(netns)).toBe(once)
    await backend.remove()
    expect(await backend.verify(noRules)).toEqual({ ok: true, differences: [] })
    expect(await snapshot(netns)).not.toMatch(/proxy/i)
    const removed = await snapshot(netns)
    await backend.remove()
    expect(await snapshot(netns)).toBe(removed)
  })

  test('applying no rules is removing', async () => {
    await backend.apply(rich)
    await backend.apply(noRules)
    expect(await backend.verify(noRules)).toEqual({ ok: true, differences: [] })
    expect(await snapshot(netns)).not.toMatch(/proxy/i)
  })

  test('removes where nothing ever was', async () => {
    await backend.remove()
    expect(await backend.verify(noRules)).toEqual({ ok: true, differences: [] })
  })

  test('says that everything is missing before the first apply, and extra after the last', async () => {
    const before = await backend.verify(defaults)
    expect(before.ok).toBe(false)
    expect(before.differences.every(({ kind }) => kind === 'missing')).toBe(true)
    await backend.apply(defaults)
    const after = await backend.verify(noRules)
    expect(after.ok).toBe(false)
    expect(after.differences.every(({ kind }) => kind === 'extra')).toBe(true)
  })

  test.for([
    ['another specification', rich, defaults],
    ['fewer rules', defaults, rich],
    ['one family instead of both', rich, ipv4Only],
    ['both families instead of one', ipv4Only, rich],
  ] as const)('replaces %s', async ([, first, second]) => {
    await backend.apply(second)
    const fresh = await snapshot(netns)
    await backend.remove()
    await backend.apply(first)
    expect((await backend.verify(second)).ok).toBe(false)
    await backend.apply(second)
    expect(await backend.verify(second)).toEqual({ ok: true, differences: [] })
    // Nothing of the first is left, apart from tables that are empty now.
    const withoutEmpty = (text: string): string =>
      text
        .split('\n')
        .filter((line) => /proxy/i.test(line))
        .sort()
        .join('\n')
    expect(withoutEmpty(await snapshot(netns))).toBe(withoutEmpty(fresh))
  })

  test('leaves rules of others alone', async () => {
    const kinds = name === 'iptables-legacy' ? 'legacy' : 'nft'
    await netns.must('nft', 'add table inet mesh')
    await netns.must('nft', 'add chain inet mesh out { type nat hook output priority -90; }')
    await netns.must('nft', 'add rule inet mesh out tcp dport 7 return comment "proxy/not-ours"')
    for (const tool of [`iptables-${kinds}`, `ip6tables-${kinds}`]) {
      await netns.must(tool, '-t', 'nat', '-N', 'KUBE-SERVICES')
      await netns.must(tool, '-t', 'nat', '-A', 'OUTPUT', '-j', 'KUBE-SERVICES')
      await netns.must(
        tool,
        '-t',
        'nat',
        '-A',
        'KUBE-SERVICES',
        '-p',
        'tcp',
        '--dport',
        '9',
        '-j',
        'RETURN',
      )
      await netns.must(
        tool,
        '-t',
        'filter',
        '-A',
        'INPUT',
        '-p',
        'tcp',
        '--dport',
        '9',
        '-j',
        'DROP',
      )
      await netns.must(
        tool,
        '-t',
        'nat',
        '-A',
        'PREROUTING',
        '-m',
        'comment',
        '--comment',
        'a "quoted" one',
        '-j',
        'ACCEPT',
      )
    }
    const before = await snapshot(netns)
    await backend.apply(rich)
    await backend.apply(defaults)
    expect(await backend.verify(defaults)).toEqual({ ok: true, differences: [] })
    const lines = new Set((await snapshot(netns)).split('\n'))
    expect(before.split('\n').filter((line) => !lines.has(line))).toEqual([])
    await backend.remove()
    expect(await snapshot(netns)).toBe(before)
  })

  test('ten at once in ten namespaces do not disturb each other', async () => {
    const namespaces = await Promise.all(Array.from({ length: 10 }, () => createNetns('ipt-many')))
    try {
      const results = await Promise.all(
        namespaces.map(async (one, index) => {
          await using other = await openBackend(name, one)
          const rules = index % 2 === 0 ? rich : defaults
          await other.apply(rules)
          return await other.verify(rules)
        }),
      )
      expect(results.every(({ ok }) => ok)).toBe(true)
    } finally {
      for (const one of namespaces) await one[Symbol.asyncDispose]()
    }
  })

  test('a thousand ports and a thousand blocks of each family', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => index)
    const rules = plan(
      parseRedirectSpec({
        excludeInboundPorts: many.map((index) => 20_000 + 2 * index),
        excludeOutboundCidrs: [
          ...many.map((index) => `10.${index >> 8}.${index & 255}.128/25`),
          ...many.map((index) => `fd00:${index.toString(16)}::/32`),
        ],
      }),
    )
    await backend.apply(rules)
    expect(await backend.verify(rules)).toEqual({ ok: true, differences: [] })
    await backend.remove()
    expect(await backend.verify(noRules)).toEqual({ ok: true, differences: [] })
  })
})

describe.each(['nft', 'legacy'] as const)('iptables-%s, killed between two steps', (variant) => {
  // Four commands in all: save and restore for each family.
  test.for([1, 2, 3])('after %i commands', async (allowed) => {
    await using netns = await createNetns('ipt-kill')
    const good = iptablesRestoreBackend({ runner: runnerIn(netns), variant, lockFile: netns.path })
    await good.apply(rich)
    let left = allowed
    const dying = iptablesRestoreBackend({
      variant,
      lockFile: netns.path,
      runner: {
        run(...call) {
          if (left-- === 0) return Promise.reject(new Error('killed'))
          return runnerIn(netns).run(...call)
        },
      },
    })
    await expect(dying.apply(defaults)).rejects.toThrow('killed')
    await good.apply(defaults)
    expect(await good.verify(defaults)).toEqual({ ok: true, differences: [] })
    left = allowed
    await expect(dying.remove()).rejects.toThrow('killed')
    await good.remove()
    expect(await good.verify(noRules)).toEqual({ ok: true, differences: [] })
  })
})
