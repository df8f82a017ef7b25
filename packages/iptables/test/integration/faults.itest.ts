import { createNetns, eventually, type TestNetns } from '@proxy/testkit'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import {
  type CommandRunner,
  iptablesRestoreBackend,
  nftablesBackend,
  parseRedirectSpec,
  plan,
  type RuleSet,
} from '../../src/index.ts'
import { anyPlan } from '../support/arbitrary.ts'
import { backendNames, openBackend, runnerIn } from './support/backends.ts'
import { openTransport } from './support/netlink-transport.ts'
import { snapshot } from './support/snapshot.ts'

const good = plan(parseRedirectSpec({ excludeInboundPorts: [15_020] }))
const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const

/** The rules with a jump that leads back to itself, which only the kernel can notice. */
const looping: RuleSet = {
  ...good,
  chains: good.chains.map((chain) =>
    chain.name === 'capture-outbound'
      ? {
          ...chain,
          rules: chain.rules.map((rule) => ({
            ...rule,
            verdict: { kind: 'jump', chain: 'outbound' } as const,
          })),
        }
      : chain,
  ),
}

let netns: TestNetns
beforeEach(async () => {
  netns = await createNetns('ipt-fault')
})
afterEach(async () => {
  await netns[Symbol.asyncDispose]()
})

describe('netlink', () => {
  test('without CAP_NET_ADMIN every verb says so', async () => {
    await using netlink = await openTransport(netns, nobody)
    const backend = nftablesBackend({ netlink })
    const denied = { code: 'permission-denied', errno: 1, retryable: false }
    await expect(backend.apply(good)).rejects.toMatchObject(denied)
    await expect(backend.verify(good)).rejects.toMatchObject(denied)
    await expect(backend.remove()).rejects.toMatchObject(denied)
  })

  test('rules that the kernel refuses are named, and the rules before stay', async () => {
    await using netlink = await openTransport(netns)
    const backend = nftablesBackend({ netlink })
    await backend.apply(good)
    const before = await snapshot(netns)
    await expect(backend.apply(looping)).rejects.toMatchObject({
      code: 'kernel-refused',
      object: expect.stringMatching(/^rule nat_\w+ proxy\//) as string,
    })
    expect(await snapshot(netns)).toBe(before)
    expect((await backend.verify(good)).ok).toBe(true)
  })

  test('a chain that is not there is named', async () => {
    await using netlink = await openTransport(netns)
    const chains = good.chains.filter(({ name }) => name !== 'capture-outbound')
    await expect(nftablesBackend({ netlink }).apply({ ...good, chains })).rejects.toMatchObject({
      code: 'kernel-refused',
      object: 'rule nat_outbound proxy/capture-outbound-rest',
      errno: 2,
    })
    expect(await snapshot(netns)).not.toMatch(/proxy/)
  })

  test('the process behind the transport killed: the next one finds all or nothing', async () => {
    const first = await openTransport(netns)
    // It may fail or not; what counts is what the next one finds.
    const applied = nftablesBackend({ netlink: first })
      .apply(good)
      .catch(() => undefined)
    await first[Symbol.asyncDispose]()
    await applied
    await using second = await openTransport(netns)
    const backend = nftablesBackend({ netlink: second })
    const { ok, differences } = await backend.verify(good)
    expect(ok || differences[0]?.object === 'table').toBe(true)
    await backend.apply(good)
    expect(await backend.verify(good)).toEqual({ ok: true, differences: [] })
  })
})

describe.each(['nft', 'legacy'] as const)('iptables-%s', (variant) => {
  test('without CAP_NET_ADMIN every verb says so', async () => {
    const runner: CommandRunner = {
      run: (argv, stdin) => netns.run([...nobody, ...argv], stdin === undefined ? {} : { stdin }),
    }
    const backend = iptablesRestoreBackend({ runner, variant, lockFile: '/dev/null' })
    await expect(backend.apply(good)).rejects.toMatchObject({ code: 'permission-denied' })
  })

  test('input that the tool refuses is named, and the rules before stay', async () => {
    const runner = runnerIn(netns)
    const backend = iptablesRestoreBackend({ runner, variant, lockFile: netns.path })
    await backend.apply(good)
    const before = await snapshot(netns)
    const broken: CommandRunner = {
      run: (argv, stdin) => runner.run(argv, stdin?.replace('--to-ports 15001', '--to-ports x')),
    }
    const other = plan(parseRedirectSpec({ excludeOutboundCidrs: ['10.0.0.0/8'] }))
    const applied = iptablesRestoreBackend({ runner: broken, variant }).apply(other)
    await expect(applied).rejects.toMatchObject({
      code: 'command-failed',
      object: expect.stringContaining('proxy/redirect-outbound') as string,
    })
    expect(await snapshot(netns)).toBe(before)
    expect((await backend.verify(good)).ok).toBe(true)
  })

  test('a tool that is not installed is "unsupported"', async () => {
    const runner: CommandRunner = {
      run: ([tool, ...args], stdin) =>
        netns.run([`${tool}-not-there`, ...args], stdin === undefined ? {} : { stdin }),
    }
    const backend = iptablesRestoreBackend({ runner, variant })
    await expect(backend.apply(good)).rejects.toMatchObject({ code: 'unsupported' })
  })
})

test('iptables-legacy waits for its lock as long as it is told, and no longer', async () => {
  const lockFile = netns.path
  await using holder = await netns.spawn(['flock', '--no-fork', lockFile, 'sleep', '60'])
  await eventually(async () => {
    const { exitCode } = await netns.run(['flock', '--nonblock', lockFile, 'true'])
    if (exitCode !== 1) throw new Error(`process ${holder.pid} does not hold the lock yet`)
  })
  const backend = iptablesRestoreBackend({
    runner: runnerIn(netns),
    variant: 'legacy',
    lockFile,
    lockTimeoutSeconds: 1,
  })
  await expect(backend.apply(good)).rejects.toMatchObject({ code: 'lock-timeout', retryable: true })
  const elsewhere = iptablesRestoreBackend({
    runner: runnerIn(netns),
    variant: 'legacy',
    lockFile: '/dev/null',
    lockTimeoutSeconds: 1,
  })
  await elsewhere.apply(good)
  expect((await elsewhere.verify(good)).ok).toBe(true)
})

describe.each(backendNames)('%s', (name) => {
  test('the kernel has what any plan says, one after the other', async () => {
    await using backend = await openBackend(name, netns)
    await fc.assert(
      fc.asyncProperty(anyPlan, async (rules) => {
        await backend.apply(rules)
        expect(await backend.verify(rules)).toEqual({ ok: true, differences: [] })
      }),
      { numRuns: name === 'netlink' ? 100 : 15, endOnFailure: true },
    )
  })
})
