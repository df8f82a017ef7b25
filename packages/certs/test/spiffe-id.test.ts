import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  parseSpiffeId,
  parseTrustDomain,
  spiffeIdParts,
  workloadOf,
  workloadSpiffeId,
} from '../src/index.ts'

const invalid = expect.objectContaining({ code: 'spiffe-id-invalid' }) as Error

describe('parseSpiffeId', () => {
  test.for([
    { text: 'spiffe://cluster.local', trustDomain: 'cluster.local', path: '' },
    { text: 'spiffe://td/ns/a/sa/b', trustDomain: 'td', path: '/ns/a/sa/b' },
    { text: 'spiffe://a_b-c.9/UPPER.lower_1-2', trustDomain: 'a_b-c.9', path: '/UPPER.lower_1-2' },
    { text: 'spiffe://td/...', trustDomain: 'td', path: '/...' },
    { text: 'spiffe://1.2.3.4/x', trustDomain: '1.2.3.4', path: '/x' },
    { text: 'spiffe://td/.hidden', trustDomain: 'td', path: '/.hidden' },
    { text: `spiffe://${'a'.repeat(255)}/x`, trustDomain: 'a'.repeat(255), path: '/x' },
    {
      text: `spiffe://td/${'p'.repeat(2048 - 12)}`,
      trustDomain: 'td',
      path: `/${'p'.repeat(2048 - 12)}`,
    },
  ])('accepts $text', ({ text, trustDomain, path }) => {
    expect(spiffeIdParts(parseSpiffeId(text))).toEqual({ trustDomain, path })
  })

  test.for([
    ['nothing', ''],
    ['no trust domain', 'spiffe://'],
    ['an empty trust domain with a path', 'spiffe:///ns/a'],
    ['another scheme', 'https://td/ns/a'],
    ['one slash', 'spiffe:/td/ns'],
    ['an upper case scheme', 'SPIFFE://td/ns'],
    ['an upper case trust domain', 'spiffe://TD/ns'],
    ['a port', 'spiffe://td:8080/ns'],
    ['a user', 'spiffe://user@td/ns'],
    ['an IPv6 address', 'spiffe://[::1]/ns'],
    ['a query', 'spiffe://td/ns?x=1'],
    ['a query without a path', 'spiffe://td?x=1'],
    ['a fragment', 'spiffe://td/ns#x'],
    ['a fragment without a path', 'spiffe://td#x'],
    ['a percent sign', 'spiffe://td/ns%2Fa'],
    ['a percent sign in the trust domain', 'spiffe://t%64/ns'],
    ['a trailing slash', 'spiffe://td/'],
    ['a trailing slash after a path', 'spiffe://td/ns/'],
    ['an empty segment', 'spiffe://td//ns'],
    ['a dot segment', 'spiffe://td/./ns'],
    ['a double dot segment', 'spiffe://td/ns/../sa'],
    ['a double dot segment at the end', 'spiffe://td/ns/..'],
    ['a space', 'spiffe://td/n s'],
    ['a space before', ' spiffe://td/ns'],
    ['a newline after', 'spiffe://td/ns\n'],
    ['a newline after the trust domain', 'spiffe://td\n'],
    ['a NUL', 'spiffe://td/ns\0'],
    ['a letter of another alphabet', 'spiffe://td/nаme'],
    ['a backslash', 'spiffe://td\\ns'],
    ['a wildcard', 'spiffe://td/*'],
    ['a tilde', 'spiffe://td/~a'],
    ['a trust domain of 256 bytes', `spiffe://${'a'.repeat(256)}/x`],
    ['2049 bytes', `spiffe://td/${'p'.repeat(2049 - 12)}`],
  ] as const)('refuses %s', ([, text]) => {
    expect(() => parseSpiffeId(text)).toThrow(invalid)
  })

  test('shows a hostile text bounded and without control characters', () => {
    const text = `spiffe://td/\u001b[31m${'x'.repeat(5000)}`
    const error = (() => {
      try {
        return parseSpiffeId(text)
      } catch (caught) {
        return caught as Error
      }
    })()
    const message = (error as Error).message
    expect(message.length).toBeLessThan(250)
    expect(message).not.toContain('\u001b')
  })

  test('accepts nothing but what the grammar makes (property)', () => {
    const allowed = /^spiffe:\/\/[a-z0-9._-]{1,255}(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)*$/
    const pieces = fc.array(
      fc.constantFrom('a', 'Z', '0', '.', '..', '/', '-', '_', '%', '?', '#', ':', '@', '\n', 'é'),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = `spiffe://${parts.join('')}`
        let accepted = true
        try {
          parseSpiffeId(text)
        } catch {
          accepted = false
        }
        expect(accepted).toBe(allowed.test(text))
      }),
      { numRuns: 5000 },
    )
  })
})

describe('workloadSpiffeId', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/)

  test('is found again by workloadOf (property)', () => {
    fc.assert(
      fc.property(label, label, label, (trustDomain, namespace, serviceAccount) => {
        const id = workloadSpiffeId(trustDomain, namespace, serviceAccount)
        expect(workloadOf(id)).toEqual({ trustDomain, namespace, serviceAccount })
        expect(parseSpiffeId(id)).toBe(id)
      }),
    )
  })

  test.for([
    ['a slash in the namespace', 'td', 'a/sa/b', 'c'],
    ['a slash in the service account', 'td', 'a', 'b/c'],
    ['dots', 'td', '..', 'b'],
    ['an upper case namespace', 'td', 'A', 'b'],
    ['a dot in the namespace', 'td', 'a.b', 'c'],
    ['an empty service account', 'td', 'a', ''],
    ['a namespace of 64 characters', 'td', 'a'.repeat(64), 'b'],
    ['a service account of 254 characters', 'td', 'a', 'b'.repeat(254)],
    ['a newline', 'td', 'a\n', 'b'],
    ['a slash in the trust domain', 'td/x', 'a', 'b'],
    ['an upper case trust domain', 'TD', 'a', 'b'],
  ] as const)('refuses %s', ([, trustDomain, namespace, serviceAccount]) => {
    expect(() => workloadSpiffeId(trustDomain, namespace, serviceAccount)).toThrow(invalid)
  })

  test('accepts the dots that a service account may have', () => {
    expect(workloadSpiffeId('td', 'a', 'b.c-d.e')).toBe('spiffe://td/ns/a/sa/b.c-d.e')
  })
})

test('workloadOf knows no other path', () => {
  for (const id of [
    'spiffe://td',
    'spiffe://td/ns/a',
    'spiffe://td/ns/a/sa/b/c',
    'spiffe://td/x',
  ]) {
    expect(workloadOf(parseSpiffeId(id))).toBeUndefined()
  }
})

test('parseTrustDomain', () => {
  expect(parseTrustDomain('cluster.local')).toBe('cluster.local')
  for (const text of ['', 'spiffe://td', 'TD', 'a/b', 'a:1']) {
    expect(() => parseTrustDomain(text)).toThrow(invalid)
  }
})
