import { describe, expect, test } from 'vitest'
import {
  type Listener,
  type OnMatch,
  parseSidecarConfig,
  sidecarBootstrap,
  sidecarEnvironment,
} from '../src/index.ts'
import { accessLogFormat } from '../src/access-log.ts'
import { minimal } from './cases.ts'

const inboundOf = (more: object = {}): Listener =>
  sidecarBootstrap({ ...minimal, ...more }).static_resources.listeners[0]!

/** The keys of the first level: what is decided by destination port. */
const portsOf = (listener: Listener): readonly string[] =>
  Object.keys(listener.filter_chain_matcher?.matcher_tree?.exact_match_map?.map ?? {})

/** Names of all filter chains that a matcher can lead to. */
function leaves(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  if ('action' in value) {
    const { action } = value as Extract<OnMatch, { action: unknown }>
    return [String(action.typed_config['value'])]
  }
  return Object.values(value).flatMap(leaves)
}

describe('sidecarBootstrap', () => {
  test('opens no admin port and no address but its own', () => {
    const { admin, static_resources } = sidecarBootstrap(minimal)
    expect(admin.address).toEqual({ pipe: { path: minimal.adminSocket, mode: 384 } })
    expect(static_resources.listeners.map((listener) => listener.address)).toEqual([
      { socket_address: { address: '0.0.0.0', port_value: 15006 } },
    ])
  })

  test('the capture ports are refused, whatever a port mode says', () => {
    const listener = inboundOf({
      portModes: { 15001: 'permissive', 15006: 'permissive', 80: 'strict' },
    })
    expect(portsOf(listener)).toEqual(['80', '15001', '15006'])
    const map = listener.filter_chain_matcher?.matcher_tree?.exact_match_map?.map ?? {}
    expect(leaves(map['15001'])).toEqual(['refuse-loop'])
    expect(leaves(map['15006'])).toEqual(['refuse-loop'])
  })

  test('every filter chain a matcher names exists, and strict names no plain one', () => {
    for (const mode of ['permissive', 'strict'] as const) {
      const listener = inboundOf({ mode })
      const chains = listener.filter_chains.map(({ name }) => name)
      const named = new Set(leaves(listener.filter_chain_matcher))
      expect(chains).toEqual(expect.arrayContaining([...named]))
      expect([...named].some((name) => name.startsWith('plain'))).toBe(mode === 'permissive')
    }
  })

  test('mutual TLS asks for a certificate of the trust domain, of no other that begins alike', () => {
    const text = JSON.stringify(sidecarBootstrap({ ...minimal, trustDomain: 'a.test' }))
    expect(text).toContain('"prefix":"spiffe://a.test/"')
    expect(text.match(/"require_client_certificate":true/g)).toHaveLength(3)
  })

  test('the environment names what the access log reads', () => {
    const environment = sidecarEnvironment({ pod: 'p', namespace: 'n' })
    const text = JSON.stringify(sidecarBootstrap(minimal))
    for (const name of Object.keys(environment)) expect(text).toContain(`%ENVIRONMENT(${name})%`)
  })

  test('what a client writes is cut in the access log', () => {
    const fromClient = Object.values(accessLogFormat('inbound')).filter((format) =>
      /^%(REQ|PATH)\(/.test(format),
    )
    expect(fromClient).toHaveLength(4)
    for (const format of fromClient) expect(format).toMatch(/:\d+%$/)
  })

  test('the outbound listener file at the root is watched there', () => {
    const { dynamic_resources } = sidecarBootstrap({ ...minimal, outboundListenerFile: '/o.json' })
    expect(dynamic_resources.lds_config.path_config_source).toEqual({
      path: '/o.json',
      watched_directory: { path: '/' },
    })
  })
})

describe('parseSidecarConfig', () => {
  test.for([
    ['a relative socket', { adminSocket: 'admin.sock' }, 'adminSocket'],
    ['a socket no kernel takes', { adminSocket: `/${'a'.repeat(107)}` }, '107 bytes'],
    ['a trust domain with a path', { trustDomain: 'a/b' }, 'trustDomain'],
    ['a trust domain with a wildcard', { trustDomain: '*' }, 'trustDomain'],
    ['two listeners on one port', { metricsPort: 15006 }, 'same port'],
    ['port 0', { inboundPort: 0 }, 'inboundPort'],
    ['a port mode for no port', { portModes: { 99999: 'strict' } }, 'portModes'],
    ['a port mode nobody knows', { portModes: { 80: 'off' } }, 'portModes'],
    ['no family', { families: [] }, 'families'],
    ['a family twice', { families: ['ipv4', 'ipv4'] }, 'repeat'],
    ['an option nobody knows', { modus: 'strict' }, 'modus'],
    ['a pod name that breaks out', { node: { ...minimal.node, pod: 'a"b' } }, 'node.pod'],
  ] as const)('%s', ([, change, message]) => {
    expect(() => parseSidecarConfig({ ...minimal, ...change })).toThrow(message)
  })

  test('a container id may end with any letter that CNI takes', () => {
    for (const containerId of ['a-', 'a_', 'a.', 'a..']) {
      const node = { ...minimal.node, containerId }
      expect(parseSidecarConfig({ ...minimal, node }).node.containerId).toBe(containerId)
    }
  })

  test('the error has its code and is not retryable', () => {
    let error: unknown
    try {
      parseSidecarConfig(undefined)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'config-invalid', retryable: false })
  })
})
