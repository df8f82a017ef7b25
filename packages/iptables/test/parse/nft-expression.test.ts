import { describe, expect, test } from 'vitest'

import { attribute } from '../../src/netlink/constants.ts'
import { expressionWriter, type ExpressionWriter } from '../../src/netlink/expressions.ts'
import { readAttributes } from '../../src/netlink/reader.ts'
import { NetlinkWriter } from '../../src/netlink/writer.ts'
import { parseExpressions } from '../../src/parse/nft-expression.ts'

function parsed(write: (out: ExpressionWriter) => void): ReturnType<typeof parseExpressions> {
  const writer = new NetlinkWriter()
  writer.nest(attribute.rule.expressions, () => write(expressionWriter(writer)))
  const bytes = readAttributes(writer.take()).get(attribute.rule.expressions)!
  return parseExpressions(bytes, 'nat')
}

const tcp = Uint8Array.of(6)

test('conditions, counter, verdict', () => {
  const rule = parsed((out) => {
    out.meta('family')
    out.compare(Uint8Array.of(2), false)
    out.payload('network', 16, 4)
    out.mask(Uint8Array.of(255, 0, 0, 0))
    out.compare(Uint8Array.of(127, 0, 0, 0), true)
    out.counter()
    out.jump('nat_inbound')
  })
  expect(rule).toEqual({
    families: ['ipv4'],
    match: [{ kind: 'destination', values: ['127.0.0.0/8'], negate: true }],
    verdict: { kind: 'jump', chain: 'inbound' },
  })
})

test('a block that ends at a byte, as nft compares it', () => {
  const rule = parsed((out) => {
    out.meta('family')
    out.compare(Uint8Array.of(10), false)
    out.payload('network', 24, 2)
    out.compare(Uint8Array.of(0xfd, 0), false)
    out.payload('network', 8, 1)
    out.compare(Uint8Array.of(0x20), true)
    out.leave()
  })
  expect(rule.match).toEqual([
    { kind: 'destination', values: ['fd00::/16'], negate: false },
    { kind: 'source', values: ['2000::/8'], negate: true },
  ])
})

describe('what looks like ours and is not', () => {
  test.for<[string, (out: ExpressionWriter) => void]>([
    [
      'a verdict before the conditions',
      (out) => {
        out.leave()
        out.meta('protocol')
        out.compare(tcp, false)
      },
    ],
    [
      'some bytes in the middle of an address',
      (out) => {
        out.meta('family')
        out.compare(Uint8Array.of(2), false)
        out.payload('network', 17, 1)
        out.compare(Uint8Array.of(10), false)
        out.leave()
      },
    ],
    [
      'leading bytes of an address without its family',
      (out) => {
        out.payload('network', 20, 1)
        out.compare(Uint8Array.of(10), false)
        out.leave()
      },
    ],
    [
      'a second verdict',
      (out) => {
        out.leave()
        out.redirect(1)
      },
    ],
    [
      'some bits of the protocol',
      (out) => {
        out.meta('protocol')
        out.mask(Uint8Array.of(2))
        out.compare(tcp, false)
        out.leave()
      },
    ],
    [
      'any protocol but one',
      (out) => {
        out.meta('protocol')
        out.compare(tcp, true)
        out.leave()
      },
    ],
    [
      'the beginning of the name of an interface',
      (out) => {
        out.meta('outInterface')
        out.compare(new TextEncoder().encode('lo'), false)
        out.leave()
      },
    ],
    [
      'an address of no family',
      (out) => {
        out.payload('network', 16, 4)
        out.compare(Uint8Array.of(127, 0, 0, 1), false)
        out.leave()
      },
    ],
    [
      'a mask with holes',
      (out) => {
        out.meta('family')
        out.compare(Uint8Array.of(2), false)
        out.payload('network', 16, 4)
        out.mask(Uint8Array.of(255, 0, 255, 0))
        out.compare(Uint8Array.of(127, 0, 0, 0), false)
        out.leave()
      },
    ],
  ])('%s', ([, write]) => {
    expect(parsed(write).match.map(({ kind }) => kind)).toContain('unknown')
  })

  test.for<[string, (out: ExpressionWriter) => void]>([
    ['no verdict', (out) => out.counter()],
    ['a jump to a chain for another table', (out) => out.jump('mangle_inbound')],
    ['a jump to a chain of somebody else', (out) => out.jump('back_door')],
  ])('%s', ([, write]) => {
    expect(parsed(write).verdict.kind).toBe('unknown')
  })
})
