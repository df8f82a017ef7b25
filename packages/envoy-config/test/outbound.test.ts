import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EnvoyConfigError, outboundDiscovery, outboundListener } from '../src/index.ts'

describe('outboundListener', () => {
  test('holds nothing of any one pod: secrets, names and paths are in the bootstrap', () => {
    const text = JSON.stringify(outboundDiscovery({ peers: ['10.0.0.1'] }))
    expect(text).not.toMatch(/sds_config|tls_certificate|\/run\//)
  })

  test('the list of peers changes the matcher and no filter chain', () => {
    fc.assert(
      fc.property(fc.array(fc.ipV4()), fc.array(fc.ipV6()), (left, right) => {
        const { filter_chain_matcher: a, ...one } = outboundListener({ peers: left })
        const { filter_chain_matcher: b, ...two } = outboundListener({ peers: right })
        expect(one).toEqual(two)
        expect(a).toBeDefined()
        expect(b).toBeDefined()
      }),
    )
  })

  test('order and repetition of peers do not matter: one file for one set', () => {
    const addresses = fc.array(fc.oneof(fc.ipV4(), fc.ipV6()))
    fc.assert(
      fc.property(addresses, (peers) => {
        const shuffled = [...peers, ...peers.toReversed()]
        expect(JSON.stringify(outboundDiscovery({ peers }))).toBe(
          JSON.stringify(outboundDiscovery({ peers: shuffled })),
        )
      }),
    )
  })

  test('a CIDR keeps its length, an address has all bits', () => {
    const text = JSON.stringify(outboundListener({ peers: ['10.0.0.0/8', '10.1.1.1', 'fd00::1'] }))
    expect(text).toContain('{"address_prefix":"10.0.0.0","prefix_len":8}')
    expect(text).toContain('{"address_prefix":"10.1.1.1","prefix_len":32}')
    expect(text).toContain('{"address_prefix":"fd00::1","prefix_len":128}')
  })

  test.for([
    ['a name', { peers: ['reviews'] }],
    ['a length too long', { peers: ['10.0.0.0/33'] }],
    ['one port for both', { outboundPort: 1, inboundPort: 1 }],
    ['a relative log', { accessLog: 'log' }],
  ] as const)('%s is refused', ([, config]) => {
    expect(() => outboundListener(config as object)).toThrow(EnvoyConfigError)
  })
})
