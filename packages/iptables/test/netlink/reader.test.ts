import fc from 'fast-check'
import { expect, test } from 'vitest'

import { parseRedirectSpec, plan, renderNftBatch } from '../../src/index.ts'
import { readAttributeList, readAttributes, readMessages } from '../../src/netlink/reader.ts'
import { codeOf } from '../support/code-of.ts'

test('every message and attribute of a batch can be read back', () => {
  const { messages, objects } = renderNftBatch(plan(parseRedirectSpec({})), { sequence: 7 })
  const read = readMessages(messages)
  expect(read.map(({ sequence }) => sequence)).toEqual([...objects.keys()])
  expect(read[0]).toMatchObject({ type: 0x10, sequence: 7 })
  expect(read.at(-1)).toMatchObject({ type: 0x11 })
  for (const { payload } of read) expect(() => readAttributes(payload.subarray(4))).not.toThrow()
})

test('lengths that do not fit are an error, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      for (const read of [readMessages, readAttributeList]) {
        expect(codeOf(() => read(bytes))).toMatch(/^(none|reply-invalid)$/)
      }
    }),
    { numRuns: 2000 },
  )
  expect(() => readMessages(new Uint8Array(4))).toThrow('impossible length')
  expect(readMessages(new Uint8Array())).toEqual([])
})
