import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { certificateBlocks, pemOf, privateKeyBlock } from '../src/x509/pem.ts'

const file = '/certs/file.pem'
const invalid = expect.objectContaining({ code: 'pem-invalid', file }) as Error
const blocks = (text: string, limit = 10): readonly string[] =>
  certificateBlocks({ text, file }, limit)

describe('certificateBlocks', () => {
  test('finds what pemOf has written, in order, whatever is between (property)', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 })
    const noise = fc.string({ maxLength: 40 }).filter((text) => !text.includes('-'))
    const parts = fc.array(fc.tuple(noise, bytes), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(parts, (list) => {
        const pems = list.map(([, der]) => pemOf('CERTIFICATE', der))
        const text = list.map(([between], index) => `${between}\n${pems[index] ?? ''}`).join('')
        expect(blocks(text)).toEqual(pems)
      }),
    )
  })

  test('takes no prefix of a block for a block (property)', () => {
    const pem = pemOf('CERTIFICATE', new Uint8Array(200).fill(7))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: pem.length - 2 }), (length) => {
        expect(() => blocks(pem.slice(0, length))).toThrow(invalid)
        expect(() => blocks(pem + pem.slice(0, length) + pem.slice(0, 11))).toThrow(invalid)
      }),
    )
  })

  test.for([
    [
      'a block inside a block',
      '-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----',
    ],
    ['another label at the end', '-----BEGIN CERTIFICATE-----\nAA==\n-----END PRIVATE KEY-----'],
    [
      'an endless label',
      `-----BEGIN ${'A'.repeat(100)}-----\nAA==\n-----END ${'A'.repeat(100)}-----`,
    ],
    ['a label with a newline', '-----BEGIN CERT\nIFICATE-----\nAA==\n-----END CERT\nIFICATE-----'],
    ['no label', '-----BEGIN -----\nAA==\n-----END -----'],
  ] as const)('refuses %s', ([, text]) => {
    expect(() => blocks(text)).toThrow(invalid)
  })

  test('is done with a megabyte of opening lines', () => {
    const line = '-----BEGIN CERTIFICATE-----\n'
    expect(() => blocks(line.repeat(40_000))).toThrow(invalid)
    expect(() => blocks(`${line}A\n-----END CERTIFICATE-----\n`.repeat(20_000))).toThrow(invalid)
  })
})

test('privateKeyBlock finds the one key', () => {
  const pem = pemOf('EC PRIVATE KEY', new Uint8Array([1, 2, 3]))
  expect(privateKeyBlock({ text: `# mine\n${pem}`, file })).toBe(pem)
})
