import { describe, expect, test } from 'vitest'

import { compareIstio } from '../../src/istio/compare.ts'
import { noOwnerNames, normalRule } from '../../src/istio/normal-form.ts'
import { istioRules } from '../../src/istio/rules.ts'
import { chainsOf, chainsOfSave } from '../../src/istio/state.ts'
import { istioConfigOf } from '../support/istio-cases.ts'

const wanted = chainsOf(istioRules(istioConfigOf('pod-basic'), 'ipv4'), 'ipv4', noOwnerNames)

/** What `iptables-save` would print for the rules, without what the kernel adds. */
const saved = [
  '# made by a test',
  '*nat',
  ':PREROUTING ACCEPT [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  ...[...wanted.keys()]
    .map((key) => key.split(' ')[1]!)
    .filter((chain) => chain.startsWith('ISTIO_'))
    .map((chain) => `:${chain} - [0:0]`),
  ...[...wanted].flatMap(([key, rules]) =>
    rules.map(({ text }) => `-A ${key.split(' ')[1]!} ${text}`),
  ),
  'COMMIT',
]

function differences(lines: readonly string[]): readonly string[] {
  const found = chainsOfSave(lines.join('\n'), 'ipv4', noOwnerNames)
  return compareIstio(wanted, found, 'ipv4').map(
    ({ kind, object, chain, name }) => `${kind} ${object} ${chain ?? ''}: ${name}`,
  )
}

/** The lines with one taken away, or with others before the end. */
function but(gone: string, ...more: readonly string[]): readonly string[] {
  expect(saved.includes(gone) || gone === '').toBe(true)
  return [...saved.filter((line) => line !== gone && line !== 'COMMIT'), ...more, 'COMMIT']
}

describe('differences', () => {
  test('none', () => expect(differences(saved)).toEqual([]))

  test('everything missing', () => {
    const found = differences([])
    expect(found.filter((line) => line.startsWith('missing chain'))).toHaveLength(4)
    expect(found.filter((line) => line.startsWith('missing rule'))).toHaveLength(2)
    expect(found).toHaveLength(6)
  })

  test('a rule is gone', () => {
    const rule = '-p tcp --dport 15021 -j RETURN'
    expect(differences(but(`-A ISTIO_INBOUND ${rule}`))).toEqual([
      `missing rule nat ISTIO_INBOUND: ${rule}`,
    ])
  })

  test('a jump is gone, and another is there', () => {
    expect(
      differences(but('-A OUTPUT -j ISTIO_OUTPUT', '-A OUTPUT -p tcp -j ISTIO_OUTPUT')),
    ).toEqual([
      'missing rule nat OUTPUT: -j ISTIO_OUTPUT',
      'extra rule nat OUTPUT: -p tcp -j ISTIO_OUTPUT',
    ])
  })

  test('a rule is there twice', () => {
    const rule = '-p tcp --dport 15021 -j RETURN'
    expect(differences(but('', `-A ISTIO_INBOUND ${rule}`))).toEqual([
      `extra rule nat ISTIO_INBOUND: ${rule}`,
    ])
  })

  test('a rule is in another place', () => {
    const rule = '-p tcp --dport 15020 -j RETURN'
    const moved = but(`-A ISTIO_INBOUND ${rule}`, `-A ISTIO_INBOUND ${rule}`)
    expect(differences(moved)).toEqual(['reordered rule nat ISTIO_INBOUND: ' + rule])
  })

  test('a rule is another one', () => {
    const lines = saved.map((line) => line.replace('--to-ports 15006', '--to-ports 15007'))
    expect(differences(lines)).toEqual([
      'missing rule nat ISTIO_IN_REDIRECT: -p tcp -j REDIRECT --to-ports 15006',
      'extra rule nat ISTIO_IN_REDIRECT: -p tcp -j REDIRECT --to-ports 15007',
    ])
  })

  test('a chain of Istio that should not be there', () => {
    expect(differences([...saved, '*mangle', ':ISTIO_DROP - [0:0]', 'COMMIT'])).toEqual([
      'extra chain mangle ISTIO_DROP: mangle ISTIO_DROP',
    ])
  })

  test('not what others have, and not a table of others', () => {
    const others = ['*security', ':ISTIO_DROP - [0:0]', 'COMMIT']
    const lines = but('', '-A OUTPUT -j KUBE-SERVICES', '-A PREROUTING -p udp -j ACCEPT')
    expect(differences([...lines, ...others])).toEqual([])
  })

  test('text that is not of iptables-save is refused', () => {
    expect(() => differences(['iptables: command not found'])).toThrow(
      'not a line of iptables-save',
    )
  })
})

describe('one form for one meaning', () => {
  const ids = { uid: () => undefined, gid: (name: string) => (name === 'ftp' ? 14 : undefined) }
  const normalOf = (family: 'ipv4' | 'ipv6', text: string): string =>
    normalRule(text.split(' '), family, ids)
  test.for([
    ['-p tcp --dport 80 -j RETURN', '-p tcp -m tcp --dport 80 -j RETURN'],
    ['-o lo -s 127.0.0.6/32 -j RETURN', '-s 127.0.0.6/32 -o lo -j RETURN'],
    ['-d 127.0.0.1/8 -j RETURN', '-d 127.0.0.0/8 -j RETURN'],
    ['-d 0.0.0.0/0 -j ISTIO_REDIRECT', '-j ISTIO_REDIRECT'],
    ['-j MARK --set-mark 1337', '-j MARK --set-xmark 0x539/0xffffffff'],
    ['-m mark --mark 1337 -j RETURN', '-m mark --mark 0x539 -j RETURN'],
    ['-p udp -j REDIRECT --to-port 15053', '-p udp -j REDIRECT --to-ports 15053'],
    ['-j CONNMARK --save-mark', '-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff'],
    ['-m owner --gid-owner ftp -j RETURN', '-m owner --gid-owner 14 -j RETURN'],
    [
      '-p tcp -j TPROXY --tproxy-mark 1337/0xffffffff --on-port 15006',
      '-p tcp -j TPROXY --on-port 15006 --on-ip 0.0.0.0 --tproxy-mark 0x539/0xffffffff',
    ],
  ] as const)('%s', ([a, b]) => {
    expect(normalOf('ipv4', a)).toBe(normalOf('ipv4', b))
  })

  test('of IPv6', () => {
    const plan = '! -d ::127.0.0.53/128 -j TPROXY --tproxy-mark 0x539/0xffffffff --on-port 1'
    const kernel =
      '! -d ::7f00:35/128 -j TPROXY --on-port 1 --on-ip :: --tproxy-mark 0x539/0xffffffff'
    expect(normalOf('ipv6', plan)).toBe(normalOf('ipv6', kernel))
  })

  test.for([
    ['-m mark --mark 1 -j RETURN', '-m connmark --mark 1 -j RETURN'],
    ['! -d 0.0.0.0/0 -j RETURN', '-j RETURN'],
    ['-m mark --mark 1/0xff -j RETURN', '-m mark --mark 1 -j RETURN'],
    ['-j CONNMARK --save-mark', '-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff'],
    ['-m owner --uid-owner ftp -j RETURN', '-m owner --uid-owner 14 -j RETURN'],
    ['-p tcp -m statistic --mode random -j RETURN', '-p tcp -j RETURN'],
    ['-g ISTIO_OUTPUT', '-j ISTIO_OUTPUT'],
    ['-m comment --comment x -j RETURN', '-j RETURN'],
  ] as const)('not: %s', ([a, b]) => {
    const normal = (text: string): string => normalRule(text.split(' '), 'ipv4', noOwnerNames)
    expect(normal(a)).not.toBe(normal(b))
  })
})
