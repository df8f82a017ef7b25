import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  attributesOf,
  encodeAttribute,
  encodeMessage,
  failureOf,
  messagesOf,
  type NetlinkMessage,
} from '../../src/netlink/message.ts'

const message: fc.Arbitrary<NetlinkMessage> = fc.record({
  type: fc.integer({ min: 0, max: 0xffff }),
  flags: fc.integer({ min: 0, max: 0xffff }),
  seq: fc.integer({ min: 0, max: 0xffff_ffff }),
  payload: fc.uint8Array({ maxLength: 200 }),
})

const outcome = (read: () => unknown): string => {
  try {
    read()
    return 'read'
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}

describe('netlink messages', () => {
  it('come out of a datagram as they went in', () => {
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        const datagram = Buffer.concat(messages.map(encodeMessage))
        const read = messagesOf(datagram)
        expect(read.map((one) => ({ ...one, payload: [...one.payload] }))).toEqual(
          messages.map((one) => ({ ...one, payload: [...one.payload] })),
        )
      }),
    )
  })

  it.for([
    ['too short for a header', Uint8Array.of(16, 0, 0, 0)],
    ['a length of zero', new Uint8Array(16)],
    ['a length over the end', Uint8Array.of(17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)],
  ] as const)('refuses %s', ([, datagram]) => {
    expect(() => messagesOf(datagram)).toThrow(RangeError)
  })

  it('never fails otherwise, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        for (const read of [messagesOf, attributesOf]) {
          expect(outcome(() => read(bytes))).toMatch(/^(read|RangeError)$/)
        }
      }),
    )
  })

  it('keep attributes', () => {
    const bytes = Buffer.concat([
      encodeAttribute(1, Buffer.from('lo\0')),
      encodeAttribute(0x8002, Uint8Array.of(7)),
    ])
    const attributes = attributesOf(bytes)
    expect([...attributes.keys()]).toEqual([1, 2])
    expect([...(attributes.get(2) ?? [])]).toEqual([7])
  })
})

describe('failures', () => {
  const error = (errno: number, flags = 0, rest: Uint8Array = new Uint8Array()): NetlinkMessage => {
    const payload = Buffer.alloc(20)
    payload.writeInt32LE(errno)
    payload.writeUInt32LE(16, 4)
    return { type: 2, flags, seq: 1, payload: Buffer.concat([payload, rest]) }
  }

  it('have the name of the error', () => {
    expect(failureOf(error(-17))).toEqual({ errno: 'EEXIST', text: undefined })
  })

  it('are not acknowledgements, data or the end of a list', () => {
    expect(failureOf(error(0))).toBeUndefined()
    expect(failureOf({ ...error(-17), type: 16 })).toBeUndefined()
    expect(failureOf({ type: 3, flags: 2, seq: 1, payload: new Uint8Array(4) })).toBeUndefined()
  })

  it('can be in the end of a list', () => {
    expect(failureOf({ ...error(-16), type: 3 })?.errno).toBe('EBUSY')
  })

  it('have the words of the kernel', () => {
    const words = encodeAttribute(1, Buffer.from('Invalid address\0'))
    expect(failureOf(error(-22, 0x300, words))?.text).toBe('Invalid address')
  })
})
