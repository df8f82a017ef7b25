import { describe, expect, test } from 'vitest'

import {
  describeRule,
  diffRules,
  forFamily,
  parseNftDump,
  parseSave,
  renderRestore,
} from '../../src/index.ts'
import { dumpOfBatch } from '../support/batch-dump.ts'
import { everything, rules, verdicts } from '../support/vocabulary.ts'

describe('every condition and verdict is read back as it was written', () => {
  test('by netlink', () => {
    const state = parseNftDump(dumpOfBatch(everything))
    expect(state.anomalies).toEqual([])
    expect(diffRules(everything, state.rules)).toEqual([])
  })

  test.for(['ipv4', 'ipv6'] as const)('by iptables-restore, %s', (family) => {
    const text = renderRestore(everything, family)
    const any = family === 'ipv4' ? '0.0.0.0' : '::'
    // As iptables-save writes it, which names the address of no listener in particular.
    const saved = text.replace('--on-port 15006', `--on-port 15006 --on-ip ${any}`)
    for (const form of [text, saved]) {
      const read = parseSave(form, family)
      expect(read.anomalies).toEqual([])
      expect(diffRules(forFamily(everything, family), read.rules)).toEqual([])
    }
  })
})

test('every verdict has words of its own', () => {
  const words = rules.slice(0, verdicts.length).map((rule) => describeRule(rule))
  expect(new Set(words).size).toBe(verdicts.length)
  expect(words).toContain('ipv4 and ipv6: tcp: hand to port 15006 with mark 0x539')
})

describe('what only looks like ours is unknown', () => {
  test.for([
    '-p tcp -m mark --mark 0x539/0xff -j RETURN',
    '-p tcp -m connmark --mark 0x1/0x1 -j RETURN',
    '-p tcp -m conntrack ! --ctstate INVALID -j RETURN',
    '-p tcp -m conntrack --ctstate INVALID,NEW -j RETURN',
    '-p tcp -m socket --transparent --nowildcard -j RETURN',
    '-p tcp -m socket --transparent --restore-skmark -j RETURN',
    '-p tcp -j TPROXY --on-port 15006 --on-ip 10.0.0.1 --tproxy-mark 0x539/0xffffffff',
    '-p tcp -j TPROXY --on-port 15006 --on-ip 0.0.0.0 --tproxy-mark 0x539/0xff',
    '-p tcp -j MARK --set-xmark 0x1/0xff',
    '-p tcp -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xffffffff',
    '-p tcp -j CT --zone-orig 1',
    '-p tcp -j CT --notrack',
  ])('%s', (line) => {
    const text = ['*mangle', ':PROXY_SC_OUTPUT - [0:0]', `-A PROXY_SC_OUTPUT ${line}`, 'COMMIT']
    const [rule] = parseSave(text.join('\n'), 'ipv4').rules.chains[0]?.rules ?? []
    const kinds = [...(rule?.match.map(({ kind }) => kind) ?? []), rule?.verdict.kind]
    expect(kinds).toContain('unknown')
  })
})
