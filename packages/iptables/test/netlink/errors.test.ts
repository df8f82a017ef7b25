import { describe, expect, test } from 'vitest'

import { littleEndian } from '../../src/netlink/byte-order.ts'
import { kernelError } from '../../src/netlink/errors.ts'
import { NetlinkWriter } from '../../src/netlink/writer.ts'

function message(errno: number, options: { flags?: number; extra?: Uint8Array } = {}) {
  const extra = options.extra ?? new Uint8Array()
  const payload = new Uint8Array(20 + extra.length)
  const view = new DataView(payload.buffer)
  view.setInt32(0, -errno, littleEndian)
  view.setUint32(4, 16, littleEndian)
  payload.set(extra, 20)
  return { type: 2, flags: options.flags ?? 0, sequence: 1, payload }
}

describe('says what was refused and why, in a code that callers can act on', () => {
  test.for([
    [
      1,
      'permission-denied',
      'kernel refused rule x: EPERM, CAP_NET_ADMIN in the namespace is needed',
    ],
    [2, 'kernel-refused', 'kernel refused rule x: ENOENT, something it refers to does not exist'],
    [4, 'changed-meanwhile', 'kernel refused rule x: EINTR, rules changed while they were read'],
    [
      95,
      'unsupported',
      'kernel refused rule x: EOPNOTSUPP, the kernel lacks this part of nf_tables',
    ],
    [133, 'kernel-refused', 'kernel refused rule x: error 133, no reason is known'],
  ] as const)('%i', ([errno, code, text]) => {
    const error = kernelError(message(errno), 'rule x')
    expect(error).toMatchObject({ code, message: text, object: 'rule x', errno })
    expect(error?.retryable).toBe(code === ('changed-meanwhile' as string))
  })
})

test('acknowledgements, and messages of other types, are no errors', () => {
  expect(kernelError(message(0), 'x')).toBeUndefined()
  expect(kernelError({ ...message(1), type: 0xa06 }, 'x')).toBeUndefined()
})

test('a dump that ends with an error is one', () => {
  expect(kernelError({ ...message(2), type: 3 }, 'x')).toMatchObject({ errno: 2 })
})

test("adds the kernel's own words where it has some, with or without a copy of the request", () => {
  const writer = new NetlinkWriter()
  writer.text(1, 'chain is full')
  const extra = writer.take()
  const capped = kernelError(message(22, { flags: 0x300, extra }), 'x')
  expect(capped?.message).toBe('kernel refused x: EINVAL, chain is full')
  // Without NETLINK_CAP_ACK the whole request comes back: here its header and eight bytes more.
  const copied = Uint8Array.of(...new Uint8Array(8), ...extra)
  const { payload, ...header } = message(22, { flags: 0x200, extra: copied })
  new DataView(payload.buffer).setUint32(4, 24, littleEndian)
  const whole = kernelError({ ...header, payload }, 'x')
  expect(whole?.message).toBe('kernel refused x: EINVAL, chain is full')
})
