import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createNetns, createTempDir, type TestNetns } from '@proxy/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { type NetlinkConnection, type NetnsHelper } from '../../src/netns-helper.ts'
import { startNetnsHelper } from '../../src/start-helper.ts'
import { addAddressRequest, addressDump } from '../../src/netlink/address.ts'
import { linkDump } from '../../src/netlink/link.ts'
import { parseCidr } from '../../src/ip.ts'
import {
  ACK,
  batch,
  CREATE,
  EXCL,
  getChains,
  getTable,
  getTables,
  newChain,
  newTable,
  REQUEST,
  verdicts,
} from '../fixtures/nft.ts'

let helper: NetnsHelper
let netns: TestNetns
let netfilter: NetlinkConnection

beforeAll(async () => {
  helper = await startNetnsHelper()
})
afterAll(() => helper.close())
beforeEach(async () => {
  netns = await createNetns('exchange')
  netfilter = helper.netlink(netns.path, 'netfilter')
})
afterEach(() => netns[Symbol.asyncDispose]())

const tables = async (): Promise<string> => netns.must('nft', 'list', 'tables')

describe('a batch', () => {
  it('is applied in its namespace and in no other, and each message is acknowledged', async () => {
    await using other = await createNetns('exchange')
    const replies = await netfilter.exchange(batch(newTable(2, 'a'), newChain(3, 'a', 'c')))
    expect(verdicts(replies)).toEqual([
      [2, 'ok'],
      [3, 'ok'],
    ])
    expect(await tables()).toBe('table inet a\n')
    expect(await other.must('nft', 'list', 'tables')).toBe('')
  })

  it('that asks for no acknowledgement is complete without one', async () => {
    expect(await netfilter.exchange(batch(newTable(2, 'a', REQUEST | CREATE)))).toEqual([])
    expect(await tables()).toBe('table inet a\n')
  })

  it('with an error is applied not at all, and every verdict is returned', async () => {
    const messages = [
      newTable(2, 'a'),
      newChain(3, 'none', 'c'),
      newTable(4, 'b', REQUEST | CREATE),
    ]
    expect(verdicts(await netfilter.exchange(batch(...messages)))).toEqual([
      [2, 'ok'],
      [3, 'ENOENT'],
    ])
    expect(await tables()).toBe('')
  })

  it('whose messages all fail returns each error', async () => {
    await netfilter.exchange(batch(newTable(2, 'a')))
    const again = REQUEST | CREATE | EXCL
    const replies = await netfilter.exchange(
      batch(newTable(2, 'a', again), newTable(3, 'a', again)),
    )
    expect(verdicts(replies)).toEqual([
      [2, 'EEXIST'],
      [3, 'EEXIST'],
    ])
  })

  it('of thousands of messages is one transaction, and so are thousands of errors', async () => {
    const count = 5000
    const chains = Array.from({ length: count }, (_, n) =>
      newChain(n + 10, 'a', `chain-${n}-${'x'.repeat(60)}`),
    )
    const request = batch(newTable(2, 'a'), ...chains)
    expect(request.length).toBeGreaterThan(425_984) // what the kernel lets a socket send by default
    const replies = verdicts(await netfilter.exchange(request))
    expect(replies.filter(([, verdict]) => verdict === 'ok')).toHaveLength(count + 1)
    const list = verdicts(await netfilter.exchange(getChains(7)))
    expect(list.filter(([, verdict]) => verdict === 'data')).toHaveLength(count)
    expect(list.at(-1)).toEqual([7, 'done'])
    const errors = Array.from({ length: count }, (_, n) => newChain(n + 10, 'none', `c${n}`))
    const failures = verdicts(await netfilter.exchange(batch(...errors)))
    expect(failures.filter(([, verdict]) => verdict === 'ENOENT')).toHaveLength(count)
  })

  it('as large as can be is answered message by message, and a larger one is refused', async () => {
    const message = newTable(5, 'a')
    const count = Math.floor((4 * 1024 * 1024 - 40) / message.length)
    const replies = await netfilter.exchange(batch(Buffer.concat(Array(count).fill(message))))
    expect(replies).toHaveLength(count)
    expect(verdicts(replies.slice(-1))).toEqual([[5, 'ok']])
    await expect(netfilter.exchange(new Uint8Array(4 * 1024 * 1024 + 1))).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  })

  it.for([
    ['nothing', new Uint8Array()],
    ['half a message', newTable(2, 'a').subarray(0, 20)],
    ['a batch without its end', batch(newTable(2, 'a')).subarray(0, -20)],
  ] as const)('that is %s is refused', async ([, datagram]) => {
    await expect(netfilter.exchange(datagram)).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(await tables()).toBe('')
  })
})

describe('a question', () => {
  it('about one thing is answered, and about a missing one with an error', async () => {
    await netfilter.exchange(batch(newTable(2, 'a')))
    expect(verdicts(await netfilter.exchange(getTable(5, 'a')))).toEqual([[5, 'data']])
    expect(verdicts(await netfilter.exchange(getTable(5, 'b')))).toEqual([[5, 'ENOENT']])
  })

  it('about all things ends with the end of the list, also an empty one', async () => {
    expect(verdicts(await netfilter.exchange(getTables(5)))).toEqual([[5, 'done']])
    await netfilter.exchange(batch(newTable(2, 'a'), newTable(3, 'b')))
    expect(verdicts(await netfilter.exchange(getTables(5)))).toEqual([
      [5, 'data'],
      [5, 'data'],
      [5, 'done'],
    ])
  })

  it('is told apart from another in the same datagram', async () => {
    const replies = verdicts(
      await netfilter.exchange(Buffer.concat([getTable(5, 'a'), getTables(6)])),
    )
    expect(replies).toEqual([
      [5, 'ENOENT'],
      [6, 'done'],
    ])
  })

  it('whose answer is larger than who asks can bear is given up', async () => {
    const rule = (n: number): string => `tcp dport ${n} counter comment "${'x'.repeat(120)}"`
    const rules = Array.from({ length: 60_000 }, (_, n) => rule(n + 1)).join('\n')
    await using temp = await createTempDir('rules')
    const file = join(temp.path, 'many.nft')
    await writeFile(file, `table inet many { chain c {\n${rules}\n}\n}\n`)
    await netns.must('nft', '-f', file)
    const allRules = Buffer.from(getTables(5))
    allRules.writeUInt16LE((10 << 8) | 7, 4) // NFT_MSG_GETRULE
    await expect(netfilter.exchange(allRules)).rejects.toMatchObject({ code: 'netlink-overrun' })
    // And the next one is answered.
    expect(verdicts(await netfilter.exchange(getTable(6, 'many')))).toEqual([[6, 'data']])
  })

  it('with the flags of a list to a message that is none does not wait for ever', async () => {
    const route = helper.netlink(netns.path, 'route')
    const message = Buffer.from(addAddressRequest(parseCidr('10.0.0.1/8'), 1))
    message.writeUInt16LE(REQUEST | ACK | CREATE | 0x300, 6)
    expect(verdicts(await route.exchange(message))).toEqual([[1, 'ok']])
  })
})

describe('a connection', () => {
  it('answers many requests at once', async () => {
    const route = helper.netlink(netns.path, 'route')
    const all = await Promise.all(
      Array.from({ length: 500 }, (_, n) =>
        route.exchange(n % 2 === 0 ? linkDump() : addressDump()),
      ),
    )
    expect(all.every((replies) => verdicts(replies).at(-1)?.[1] === 'done')).toBe(true)
  })

  it('holds nothing: a namespace ends while it is open', async () => {
    await netfilter.exchange(getTables(5))
    const { openFds } = await helper.stats()
    await Promise.all(Array.from({ length: 200 }, () => netfilter.exchange(getTables(5))))
    expect((await helper.stats()).openFds).toBe(openFds)
  })

  it('that is closed takes no request', async () => {
    netfilter.close()
    await expect(netfilter.exchange(getTables(5))).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  })
})
