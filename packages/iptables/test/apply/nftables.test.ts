import { describe, expect, test } from 'vitest'

import { nftablesBackend, parseRedirectSpec, plan, renderNftBatch } from '../../src/index.ts'
import { readMessages } from '../../src/netlink/reader.ts'
import { scriptedTransport } from '../../src/testing/index.ts'
import { kernelOf, type Trouble } from '../support/kernel-of.ts'

const rules = plan(parseRedirectSpec({}))

test('apply is a question and a transaction', async () => {
  const netlink = scriptedTransport()
  await nftablesBackend({ netlink }).apply(rules)
  expect(netlink.datagrams).toHaveLength(2)
  const { messages } = renderNftBatch(rules, { sequence: 2, over: 'nothing' })
  expect(netlink.datagrams[1]).toEqual(messages)
})

test('a table that comes up in between is replaced', async () => {
  // The table is made exclusively, which the kernel refuses.
  const netlink = scriptedTransport(({ type, flags }) =>
    type === 0xa00 && (flags & 0x200) !== 0 ? 17 : undefined,
  )
  await nftablesBackend({ netlink }).apply(rules)
  const [, refused, accepted] = netlink.datagrams
  const { size } = renderNftBatch(rules, { over: 'nothing' }).objects
  expect(refused).toEqual(renderNftBatch(rules, { sequence: 2, over: 'nothing' }).messages)
  expect(accepted).toEqual(renderNftBatch(rules, { sequence: 2 + size }).messages)
})

test('removal of nothing deletes nothing', async () => {
  const netlink = scriptedTransport()
  await nftablesBackend({ netlink }).remove()
  expect(netlink.datagrams).toHaveLength(1)
})

test('numbers requests on, so that late answers to an abandoned one are not mistaken', async () => {
  const netlink = scriptedTransport()
  const backend = nftablesBackend({ netlink })
  await backend.apply(rules)
  await backend.remove()
  const numbers = netlink.datagrams.flatMap((one) => readMessages(one).map((m) => m.sequence))
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
})

describe('names the object that the kernel refused', () => {
  const { objects } = renderNftBatch(rules, { sequence: 2, over: 'nothing' })
  test.for([...objects].filter(([, object]) => object.startsWith('rule')))(
    '%i %s',
    async ([sequence, object]) => {
      const netlink = scriptedTransport((message) =>
        message.sequence === sequence ? 22 : undefined,
      )
      await expect(nftablesBackend({ netlink }).apply(rules)).rejects.toMatchObject({
        code: 'kernel-refused',
        object,
        errno: 22,
      })
    },
  )
})

test('no acknowledgement is no success', async () => {
  const netlink = { exchange: () => Promise.resolve([]) }
  await expect(nftablesBackend({ netlink }).apply(rules)).rejects.toMatchObject({
    code: 'reply-invalid',
  })
})

test('without our table everything is missing', async () => {
  const { ok, differences } = await nftablesBackend({ netlink: scriptedTransport() }).verify(rules)
  expect(ok).toBe(false)
  expect(differences.map(({ kind, object }) => `${kind} ${object}`)).toEqual([
    'missing table',
    ...rules.chains.map(() => 'missing chain'),
  ])
})

test('a dump that was interrupted is read again, but not for ever', async () => {
  let interruptions = 2
  const netlink = scriptedTransport(() => (interruptions-- > 0 ? 4 : undefined))
  await nftablesBackend({ netlink }).verify(rules)
  expect(netlink.datagrams).toHaveLength(3)
  interruptions = 99
  await expect(nftablesBackend({ netlink }).verify(rules)).rejects.toMatchObject({
    code: 'changed-meanwhile',
    retryable: true,
  })
})

test('passes the signal on', async () => {
  const seen: (AbortSignal | undefined)[] = []
  const inner = scriptedTransport()
  const netlink: typeof inner = {
    datagrams: [],
    exchange: (messages, options) => {
      seen.push(options?.signal)
      return inner.exchange(messages)
    },
  }
  const { signal } = new AbortController()
  await nftablesBackend({ netlink }).apply(rules, { signal })
  await nftablesBackend({ netlink }).verify(rules, { signal })
  expect(new Set(seen)).toEqual(new Set([signal]))
})

describe('reads the kernel', () => {
  const small = plan(parseRedirectSpec({ excludeInboundPorts: [80] }))
  // Tables, chains, sets, rules, elements of the one set.
  const whole = 5

  test('in five questions', async () => {
    const netlink = kernelOf(small, () => ({}))
    expect(await nftablesBackend({ netlink }).verify(small)).toEqual({ ok: true, differences: [] })
    expect(netlink.requests).toBe(whole)
  })

  test.for<[string, (request: number) => Trouble, number]>([
    ['rules of two generations', (request) => ({ generation: request < 3 ? 1 : 2 }), 4],
    ['a list that was interrupted', (request) => ({ interrupted: request === 1 }), 2],
  ])('anew after %s', async ([, trouble, wasted]) => {
    const netlink = kernelOf(small, trouble)
    expect(await nftablesBackend({ netlink }).verify(small)).toEqual({ ok: true, differences: [] })
    expect(netlink.requests).toBe(wasted + whole)
  })

  test('past answers to somebody else', async () => {
    const netlink = kernelOf(small, () => ({ stale: true }))
    expect((await nftablesBackend({ netlink }).verify(small)).ok).toBe(true)
  })

  test('and changes nothing that is right', async () => {
    const netlink = kernelOf(small, () => ({}))
    await nftablesBackend({ netlink }).apply(small)
    expect(netlink.requests).toBe(whole)
  })
})
