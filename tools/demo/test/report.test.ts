import { expect, test } from 'vitest'

import { type Pod, type WireConnection } from '@proxy/lab'

import { type Proof, prove } from '../src/proof/proof.ts'
import { proveWire } from '../src/proof/wire.ts'
import { renderProof, renderSummary, reportOf } from '../src/report.ts'
import { type Scene } from '../src/scene.ts'

const proof = (holds: boolean, claim = 'water is wet'): Proof => {
  return { name: 'x', claim, holds, evidence: ['a drop'] }
}

test('one claim that does not hold makes the demo fail and is named with its reason', () => {
  const report = reportOf([proof(true), proof(false, 'fire is cold')], 1234)
  expect(report).toMatchObject({ ok: false, durationSeconds: 1.2 })
  expect(renderSummary(report, false)).toContain('fire is cold: a drop')
  expect(renderSummary(report, false)).not.toContain('water')
})

test('a summary of claims that hold says what it means, and no more than was done', () => {
  const report = reportOf([proof(true)], 1000)
  expect(report.ok).toBe(true)
  expect(renderSummary(report, false)).toContain('took all of it away again')
  expect(renderSummary(report, true)).not.toContain('took all of it away again')
  expect(renderProof(proof(false))).toBe('FAILED  water is wet\n        a drop')
})

test('an error while looking is a claim that does not hold', async () => {
  const failed = await prove('x', 'all is well', () => Promise.reject(new Error('cannot look')))
  expect(failed).toMatchObject({ holds: false, evidence: ['cannot look'] })
})

test.each<[string, readonly WireConnection['kind'][], boolean]>([
  ['all TLS', ['tls', 'tls', 'tls'], true],
  ['one plain', ['tls', 'plain', 'tls'], false],
  ['one that is neither', ['tls', 'other', 'tls'], false],
  ['too few', ['tls', 'tls'], false],
  ['nothing captured', [], false],
])('the wire: %s', async (_, kinds, holds) => {
  const pod = (ip: string): Pod => ({ ip, identity: { name: ip } }) as Pod
  const scene = {
    ...{ productpage: pod('10.0.0.1'), details: pod('10.0.0.2'), reviews: pod('10.0.0.3') },
    ...{ ratings: pod('10.0.0.4'), excluded: pod('10.0.0.5') },
  } satisfies Scene
  const connection = (client: string, kind: WireConnection['kind']): WireConnection => {
    return { client, server: '10.0.0.2:9080', kind, bytes: 10, excerpt: '' }
  }
  const between = kinds.map((kind, index) => connection(`10.0.0.1:${index}`, kind))
  const outside = connection('10.0.0.99:1', 'plain') // plain by right: it has no proxy
  const found = await proveWire(scene, [...between, outside])
  expect(found.holds).toBe(holds)
  expect(found.evidence).toHaveLength(kinds.length + 1)
})
