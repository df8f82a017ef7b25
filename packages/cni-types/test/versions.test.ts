import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkVersion,
  cniVersions,
  compareVersions,
  isAtLeast,
  isCniVersion,
  parseVersion,
  parseVersionReply,
  versionReply,
  versionsStartingFrom,
} from '../src/index.ts'

describe('parseVersion', () => {
  test.for([
    ['', [0, 1, 0]],
    ['1.2.3', [1, 2, 3]],
    ['1.2', [1, 2, 0]],
    ['7', [7, 0, 0]],
    ['0.10.00', [0, 10, 0]],
  ] as const)('%s', ([text, expected]) => {
    expect(parseVersion(text)).toEqual(expected)
  })

  test.for([
    ['1.2.3.4', 'invalid version "1.2.3.4": too many parts'],
    ['a.1.0', 'failed to convert major version part "a"'],
    ['1.b.0', 'failed to convert minor version part "b"'],
    ['1.1.c', 'failed to convert micro version part "c"'],
    ['1..0', 'failed to convert minor version part ""'],
    ['1.1.', 'failed to convert micro version part ""'],
    ['1.1.99999999999999999999', 'failed to convert micro version part'],
  ] as const)('%s: code 6', ([text, msg]) => {
    expect(() => parseVersion(text)).toThrow(
      expect.objectContaining({ code: 6, msg: expect.stringContaining(msg) as string }),
    )
  })
})

describe('order', () => {
  test('the list is oldest first', () => {
    expect([...cniVersions].reverse().sort(compareVersions)).toEqual(cniVersions)
  })

  test('compares numbers, not letters', () => {
    const number = fc.integer({ min: 0, max: 30 })
    fc.assert(
      fc.property(fc.tuple(number, number, number), fc.tuple(number, number, number), (a, b) => {
        const weight = ([major, minor, micro]: typeof a): number =>
          major * 10_000 + minor * 100 + micro
        const sign = Math.sign(weight(a) - weight(b))
        expect(Math.sign(compareVersions(a.join('.'), b.join('.')))).toBe(sign)
        expect(isAtLeast(a.join('.'), b.join('.'))).toBe(sign >= 0)
      }),
    )
  })

  test('starting from', () => {
    expect(versionsStartingFrom('0.4.0')).toEqual(['0.4.0', '1.0.0', '1.1.0'])
    expect(versionsStartingFrom('0.1.0')).toEqual(cniVersions)
    expect(versionsStartingFrom('0.4')).toEqual([])
  })

  test('known versions are letter for letter', () => {
    expect(isCniVersion('1.1.0')).toBe(true)
    expect(isCniVersion('1.1')).toBe(false)
    expect(isCniVersion('')).toBe(false)
  })
})

describe('checkVersion', () => {
  test('is membership', () => {
    expect(() => checkVersion('1.0.0', ['0.4.0', '1.0.0'])).not.toThrow()
    expect(() => checkVersion('0.1.0', ['4.3.2', '1.0'])).toThrow(
      expect.objectContaining({
        code: 1,
        msg: 'incompatible CNI versions',
        details: 'config is "0.1.0", plugin supports ["4.3.2" "1.0"]',
      }),
    )
    expect(() => checkVersion('1.0', ['1.0.0'])).toThrow('incompatible CNI versions')
  })
})

describe('answer to VERSION', () => {
  test('round trip', () => {
    expect(versionReply(['0.3.1', '1.0.0'])).toEqual({
      cniVersion: '1.1.0',
      supportedVersions: ['0.3.1', '1.0.0'],
    })
    expect(parseVersionReply(JSON.stringify(versionReply(['0.3.1'])))).toEqual(['0.3.1'])
  })

  test('an answer of 0.2.0 may leave the list out', () => {
    expect(parseVersionReply('{"cniVersion":"0.2.0"}')).toEqual(['0.1.0', '0.2.0'])
  })

  test.for([
    ['', 'decoding version info: unexpected end of JSON input'],
    ['{}', 'decoding version info: missing field cniVersion'],
    ['{"cniVersion":"1.0.0"}', 'decoding version info: missing field supportedVersions'],
    ['{"cniVersion":"1.0.0","supportedVersions":[]}', 'missing field supportedVersions'],
    ['{"cniVersion":"1.0.0","supportedVersions":[1]}', '$.supportedVersions[0]: expected string'],
    ['"x"', 'decoding version info: $: expected object, got string'],
  ] as const)('%s: code 6', ([text, msg]) => {
    expect(() => parseVersionReply(text)).toThrow(
      expect.objectContaining({ code: 6, msg: expect.stringContaining(msg) as string }),
    )
  })
})
