import fc from 'fast-check'
import { expect, it } from 'vitest'

import { ReplyBuffer } from '../../src/helper/reply-buffer.ts'

it('keeps every reply, one behind the other', () => {
  const replies = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 12 })
  fc.assert(
    fc.property(replies, (all) => {
      const buffer = new ReplyBuffer()
      for (const reply of all) buffer.add(reply)
      expect([...buffer.bytes]).toEqual(all.flatMap((reply) => [...reply]))
      expect(buffer.lengths).toEqual(all.map(({ length }) => length))
    }),
  )
})
