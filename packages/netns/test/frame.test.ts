import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { encodeFrame, type Frame, frameDecoder } from '../src/frame.ts'

const frames = fc.array(
  fc.record({
    header: fc.dictionary(fc.string(), fc.string()).map((header) => ({ ...header, id: 1 })),
    parts: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
  }),
  { maxLength: 6 },
)

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 64 }), (sent, size) => {
        const stream = Buffer.concat(sent.map(({ header, parts }) => encodeFrame(header, parts)))
        const decode = frameDecoder()
        const received: Frame[] = []
        for (let at = 0; at < stream.length; at += size) {
          received.push(...decode(stream.subarray(at, at + size)))
        }
        expect(received.map(({ parts }) => parts.map((part) => [...part]))).toEqual(
          sent.map(({ parts }) => parts.map((part) => [...part])),
        )
        expect(received.map(({ header }) => ({ ...header, parts: undefined }))).toEqual(
          sent.map(({ header }) => ({ ...header, parts: undefined })),
        )
      }),
    )
  })

  it.for([
    ['a length no frame has', Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
    ['a frame without a header', Uint8Array.of(0, 0, 0, 0)],
    ['a header that is not an object', Buffer.from([6, 0, 0, 0, 2, 0, 0, 0, ...Buffer.from('[]')])],
    [
      'a part that reaches over the end',
      Buffer.from([23, 0, 0, 0, 15, 0, 0, 0, ...Buffer.from('{"parts":[999]}'), 1, 2, 3, 4]),
    ],
  ] as const)('refuses %s', ([, bytes]) => {
    expect(() => frameDecoder()(bytes)).toThrow(/read a frame/)
  })
})
