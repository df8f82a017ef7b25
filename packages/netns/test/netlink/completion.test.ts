import { describe, expect, it } from 'vitest'

import { completionOf } from '../../src/netlink/completion.ts'
import { encodeMessage, messagesOf } from '../../src/netlink/message.ts'
import { ACK, batch, DUMP, getTables, newTable, REQUEST } from '../fixtures/nft.ts'

const NETFILTER = 12
const ROUTE = 0
const reply = (type: number, seq: number, flags = 0): Uint8Array =>
  encodeMessage({ type, flags, seq, payload: new Uint8Array(20) })
const fenceOf = ({ fence }: { fence: Uint8Array }): Uint8Array =>
  reply(2, messagesOf(fence)[0]!.seq)
const request = (type: number, flags: number): Uint8Array =>
  encodeMessage({ type, flags, seq: 5, payload: new Uint8Array(16) })

describe('an exchange', () => {
  it('is complete when the fence is acknowledged, whatever came before', () => {
    const completion = completionOf(batch(newTable(2, 'a')), NETFILTER)
    expect(completion.receive(reply(2, 1))).toEqual({ keep: true, complete: false })
    expect(completion.receive(reply(2, 2))).toEqual({ keep: true, complete: false })
    expect(completion.receive(fenceOf(completion))).toEqual({ keep: false, complete: true })
  })

  it('with a dump is complete when the dump is done, too', () => {
    const completion = completionOf(getTables(5), NETFILTER)
    expect(completion.receive(reply(2560, 5, 2)).complete).toBe(false)
    expect(completion.receive(fenceOf(completion))).toEqual({ keep: false, complete: false })
    expect(completion.receive(reply(2560, 5, 2)).complete).toBe(false)
    expect(completion.receive(reply(3, 5, 2))).toEqual({ keep: true, complete: true })
  })

  it('with a dump that fails is complete', () => {
    const completion = completionOf(getTables(5), NETFILTER)
    expect(completion.receive(reply(2, 5)).complete).toBe(false)
    expect(completion.receive(fenceOf(completion)).complete).toBe(true)
  })

  it('does not wait for a dump the kernel did not take for one', () => {
    const completion = completionOf(getTables(5), NETFILTER)
    expect(completion.receive(reply(2560, 5)).complete).toBe(false)
    expect(completion.receive(fenceOf(completion)).complete).toBe(true)
  })

  it('does not take replace and exclusive for a dump', () => {
    const completion = completionOf(request(16, REQUEST | DUMP | ACK), ROUTE)
    completion.receive(reply(16, 5, 2))
    expect(completion.receive(fenceOf(completion)).complete).toBe(true)
  })

  it('has a fence no message of it can be mistaken for', () => {
    const used = encodeMessage({
      type: 18,
      flags: REQUEST,
      seq: 0xffff_fff0,
      payload: new Uint8Array(16),
    })
    expect(messagesOf(completionOf(used, ROUTE).fence)[0]).toMatchObject({
      type: 1,
      flags: REQUEST | ACK,
      seq: 0xffff_ffef,
    })
  })

  it.for([
    ['nothing', new Uint8Array()],
    ['half a message', newTable(2, 'a').subarray(0, 20)],
    ['no request', newTable(2, 'a', 0)],
    ['a batch without its end', batch(newTable(2, 'a')).subarray(0, -20)],
    ['a batch behind another message', Buffer.concat([newTable(2, 'a'), batch()])],
    ['two batches', Buffer.concat([batch(), batch()])],
  ] as const)('refuses %s', ([, datagram]) => {
    expect(() => completionOf(datagram, NETFILTER)).toThrow(RangeError)
  })
})
