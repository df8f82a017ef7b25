import { expect, test } from 'vitest'

import { parseRedirectSpec, plan, renderNftBatch, replyTracker } from '../../src/index.ts'
import { littleEndian } from '../../src/netlink/byte-order.ts'
import { renderNftQuery } from '../../src/render/nft-query.ts'

function reply(type: number, sequence: number, code = 0): Uint8Array {
  const bytes = new Uint8Array(36)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 36, littleEndian)
  view.setUint16(4, type, littleEndian)
  view.setUint32(8, sequence, littleEndian)
  view.setInt32(16, code, littleEndian)
  return bytes
}

const batch = renderNftBatch(plan(parseRedirectSpec({})), { sequence: 10 })
const last = 10 + batch.objects.size - 2

test('a transaction ends with the acknowledgement of its last command', () => {
  const tracker = replyTracker(batch.messages)
  expect(tracker.complete).toBe(false)
  expect(tracker.accept(reply(2, last - 1, -22))).toBe(false)
  expect(tracker.accept(reply(2, last))).toBe(true)
  expect(tracker.complete).toBe(true)
})

test('an error for the whole transaction ends it', () => {
  expect(replyTracker(batch.messages).accept(reply(2, 10, -1))).toBe(true)
})

test('a dump ends with the message that says so, or with an error', () => {
  const query = renderNftQuery('rules', 3)
  const tracker = replyTracker(query)
  expect(tracker.accept(reply(0xa06, 3))).toBe(false)
  expect(tracker.accept(reply(3, 99))).toBe(false)
  expect(tracker.accept(reply(3, 3))).toBe(true)
  expect(replyTracker(query).accept(reply(2, 3, -2))).toBe(true)
})

test('nothing asked, nothing to wait for', () => {
  expect(replyTracker(new Uint8Array()).complete).toBe(true)
})
