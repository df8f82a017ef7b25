import { describe, expect, test } from 'vitest'

import {
  type BackendKind,
  backendKinds,
  type Capabilities,
  chooseBackend,
  type NamespaceUsage,
} from '../../src/index.ts'
import { codeOf } from '../support/code-of.ts'

const nothing: NamespaceUsage = { others: [], ours: [], meshes: [] }

function working(...kinds: BackendKind[]): Capabilities {
  return Object.fromEntries(
    backendKinds.map((kind) => [
      kind,
      kinds.includes(kind) ? { works: true } : { works: false, reason: 'not installed' },
    ]),
  ) as unknown as Capabilities
}

test('the first that works', () => {
  const kinds = [...backendKinds]
  while (kinds.length > 0) {
    expect(chooseBackend(working(...kinds)).backend).toBe(kinds[0])
    kinds.shift()
  }
})

test('none that works is an error with every reason', () => {
  expect(() => chooseBackend(working())).toThrow(
    /netlink: not installed; nft: not installed; iptables-nft: not installed/,
  )
})

test('the forced one, or an error', () => {
  const options = {
    force: 'iptables-nft',
    usage: { ...nothing, others: ['iptables-legacy'] },
  } as const
  expect(chooseBackend(working(...backendKinds), options)).toMatchObject({
    backend: 'iptables-nft',
    reason: 'asked for',
  })
  expect(codeOf(() => chooseBackend(working('netlink'), options))).toBe('unsupported')
})

describe('what is in the namespace', () => {
  test('only iptables-legacy: that, when it works', () => {
    const usage: NamespaceUsage = { ...nothing, others: ['iptables-legacy'] }
    expect(chooseBackend(working(...backendKinds), { usage }).backend).toBe('iptables-legacy')
    expect(chooseBackend(working('netlink'), { usage }).backend).toBe('netlink')
  })

  test.for([[[]], [['iptables-nft']], [['iptables-nft', 'iptables-legacy']]] as const)(
    'rules of others by %s change nothing',
    ([others]) => {
      const usage = { ...nothing, others }
      expect(chooseBackend(working(...backendKinds), { usage }).backend).toBe('netlink')
    },
  )

  test.for([
    ['nft', ['nf_tables'], []],
    ['netlink', ['nf_tables', 'iptables-nft'], ['iptables-nft']],
    ['iptables-nft', ['nf_tables', 'iptables-nft'], ['nft']],
    ['iptables-legacy', ['nf_tables', 'iptables-nft', 'iptables-legacy'], ['nft', 'iptables-nft']],
  ] as const)('%s leaves over what another way has made', ([force, ours, leftovers]) => {
    const usage = { ...nothing, ours }
    expect(chooseBackend(working(...backendKinds), { force, usage }).leftovers).toEqual(leftovers)
  })
})
