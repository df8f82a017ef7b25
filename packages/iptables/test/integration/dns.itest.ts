import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  families,
  parseRedirectSpec,
  plan,
  type RedirectBackend,
  type RuleSet,
} from '../../src/index.ts'
import { addresses } from './support/addresses.ts'
import { backendNames, openBackend } from './support/backends.ts'
import { createScene, type Scene } from './support/scene.ts'
import { owners } from './support/traffic-cases.ts'

const captured = plan(parseRedirectSpec({ captureDns: '*' }))

function withoutZones(rules: RuleSet): RuleSet {
  return { ...rules, chains: rules.chains.filter(({ table }) => table !== 'raw') }
}

describe.each(backendNames)('%s', (name) => {
  let scene: Scene
  let backend: RedirectBackend & AsyncDisposable
  beforeAll(async () => {
    scene = await createScene('ipt-dns')
    backend = await openBackend(name, scene.pod)
  })
  afterAll(async () => {
    await backend[Symbol.asyncDispose]()
    await scene[Symbol.asyncDispose]()
  })

  // One pair of ports each, so that what connection tracking remembers of one does not decide the
  // other.
  test.for([
    ['with zones the query of the proxy leaves', captured, 31_001, 'remote'],
    ['without them it comes back', withoutZones(captured), 31_002, 'dns-capture'],
  ] as const)('the same ports as the application: %s', async ([, rules, from, label]) => {
    await backend.apply(rules)
    for (const family of families) {
      const query = { host: addresses[family].client, port: 53, from }
      expect(await scene.inside.datagram({ ...query, ...owners.app })).toBe('dns-capture')
      expect(await scene.inside.datagram({ ...query, ...owners.proxy })).toBe(label)
      expect(await scene.inside.datagram({ ...query, ...owners.app })).toBe('dns-capture')
    }
  })

  test('a flow of queries survives a reconcile', async () => {
    await backend.apply(captured)
    for (const family of families) {
      const query = { host: addresses[family].client, port: 53, from: 31_003, ...owners.app }
      expect(await scene.inside.datagram(query)).toBe('dns-capture')
      await backend.apply(plan(parseRedirectSpec({ captureDns: [query.host] })))
      expect(await scene.inside.datagram(query)).toBe('dns-capture')
      await backend.apply(captured)
      expect(await scene.inside.datagram(query)).toBe('dns-capture')
    }
  })
})
