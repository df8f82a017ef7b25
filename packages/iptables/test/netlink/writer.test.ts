import { expect, test } from 'vitest'

import { NetlinkWriter } from '../../src/netlink/writer.ts'

test('a number that makes the buffer grow is written, wherever the buffer ends', () => {
  for (let text = 0; text < 16; text += 1) {
    const writer = new NetlinkWriter()
    writer.text(1, 'x'.repeat(4064 + text))
    for (let value = 0; value < 16; value += 1) writer.number(2, value)
    const bytes = writer.take()
    expect([...bytes.subarray(-4)]).toEqual([0, 0, 0, 15])
  }
})
