import { describe, expect, test } from 'vitest'
import { outboundDiscovery, sidecarBootstrap } from '../src/index.ts'
import { outboundCases, sidecarCases } from './cases.ts'

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 1)}\n`

describe('golden', () => {
  test.for(Object.entries(sidecarCases))('bootstrap %s', async ([name, config]) => {
    await expect(json(sidecarBootstrap(config))).toMatchFileSnapshot(
      `golden/bootstrap-${name}.json`,
    )
  })

  test.for(['peers-0', 'peers-1', 'peers-dual-stack', 'raw-ports'])('outbound %s', async (name) => {
    await expect(json(outboundDiscovery(outboundCases[name]!))).toMatchFileSnapshot(
      `golden/outbound-${name}.json`,
    )
  })
})
