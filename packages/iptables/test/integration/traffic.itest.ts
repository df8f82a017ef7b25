import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  families,
  type Family,
  parseRedirectSpec,
  plan,
  type RedirectBackend,
} from '../../src/index.ts'
import { backendNames, openBackend } from './support/backends.ts'
import { connect } from './support/connect.ts'
import { createScene, type Scene } from './support/scene.ts'
import { type Probe, trafficCases } from './support/traffic-cases.ts'

// Real packets judge the rules: which listener took the connection is the verdict. One scene per
// back end is enough, since each case replaces the rules of the case before.
describe.each(backendNames)('%s', (name) => {
  let scene: Scene
  let backend: RedirectBackend & AsyncDisposable
  beforeAll(async () => {
    scene = await createScene('ipt')
    backend = await openBackend(name, scene.pod)
  })
  afterAll(async () => {
    await backend[Symbol.asyncDispose]()
    await scene[Symbol.asyncDispose]()
  })

  test.for(trafficCases)('$name', async ({ spec, probes }) => {
    const rules = plan(parseRedirectSpec(spec))
    await backend.apply(rules)
    expect(await backend.verify(rules)).toEqual({ ok: true, differences: [] })
    const wanted: string[] = []
    const seen: string[] = []
    for (const probe of probes) {
      for (const family of families.filter((one) => (probe.family ?? one) === one)) {
        const label = await connect(scene, probe, family)
        wanted.push(words(probe, family, probe.expect))
        seen.push(words(probe, family, label))
      }
    }
    expect(seen).toEqual(wanted)
  })
})

function words({ from, to, port, asProxySource }: Probe, family: Family, label: string): string {
  return `${from}${asProxySource === true ? ' (by its source)' : ''} to ${to}:${port} by ${family}: ${label}`
}
