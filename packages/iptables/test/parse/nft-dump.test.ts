import fc from 'fast-check'
import { expect, test } from 'vitest'

import { diffRules, parseNftDump, parseRedirectSpec, plan } from '../../src/index.ts'
import { anyPlan } from '../support/arbitrary.ts'
import { codeOf } from '../support/code-of.ts'
import { dumpOfBatch } from '../support/batch-dump.ts'

test('reads back what it renders', () => {
  fc.assert(
    fc.property(anyPlan, (rules) => {
      const state = parseNftDump(dumpOfBatch(rules))
      expect(state.exists).toBe(true)
      expect(state.anomalies).toEqual([])
      expect(diffRules(rules, state.rules)).toEqual([])
    }),
  )
})

test('reads past tables of other families and names', () => {
  const dump = dumpOfBatch(plan(parseRedirectSpec({})))
  const ipv4 = dump.tables.map((payload) => Uint8Array.of(2, ...payload.subarray(1)))
  expect(parseNftDump({ ...dump, tables: ipv4 }).exists).toBe(false)
  const renamed = dump.chains.map((payload) => {
    const copy = payload.slice()
    copy[8] = 'q'.charCodeAt(0)
    return copy
  })
  expect(parseNftDump({ ...dump, chains: renamed }).rules.chains).toEqual([])
})

test('garbage is an error of ours, never a crash or an endless loop', () => {
  const dump = dumpOfBatch(plan(parseRedirectSpec({ excludeOutboundCidrs: ['10.0.0.0/8'] })))
  const kinds = ['tables', 'chains', 'sets', 'rules'] as const
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.nat(),
      fc.nat(),
      fc.nat(255),
      (kind, which, at, byte) => {
        const payloads = [...dump[kind]]
        const broken = payloads[which % payloads.length]!.slice()
        broken[at % broken.length] = byte
        payloads[which % payloads.length] = broken
        const code = codeOf(() => parseNftDump({ ...dump, [kind]: payloads }))
        expect(code).toMatch(/^(none|reply-invalid)$/)
      },
    ),
    { numRuns: 2000 },
  )
})
