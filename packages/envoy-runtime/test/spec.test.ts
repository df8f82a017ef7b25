import { sidecarBootstrap } from '@proxy/envoy-config'
import { describe, expect, test } from 'vitest'
import { type SidecarSpec } from '../src/index.ts'
import { layoutOf } from '../src/layout.ts'
import { parseSpec, specHash } from '../src/spec.ts'

const layout = layoutOf('/run/s')
const paths = layout.sidecar('one')
const spec: SidecarSpec = {
  id: 'one',
  netnsPath: '/run/netns/one',
  bootstrap: sidecarBootstrap({
    node: { pod: 'p', namespace: 'n', containerId: 'one' },
    trustDomain: 'a.test',
    adminSocket: paths.adminSocket,
    sdsDirectory: paths.sds,
    outboundListenerFile: '/run/s/shared/outbound.json',
  }),
}

describe('parseSpec', () => {
  test('fills in the defaults', () => {
    expect(parseSpec(spec, paths)).toMatchObject({
      ...{ labels: {}, environment: {}, concurrency: 1, logLevel: 'warning', drainTimeS: 5 },
    })
  })

  test.for([
    ['a relative namespace', { netnsPath: 'x' }, 'netnsPath'],
    ['a namespace with a zero byte', { netnsPath: '/x\0' }, 'netnsPath'],
    ['a variable that is none', { environment: { 'A=B': '1' } }, 'environment'],
    ['a value with a zero byte', { environment: { A: '\0' } }, 'environment'],
    ['no thread', { concurrency: 0 }, 'concurrency'],
    ['a log level nobody knows', { logLevel: 'loud' }, 'logLevel'],
    ['a field nobody knows', { sidecar: true }, 'sidecar'],
    ['no bootstrap', { bootstrap: {} }, 'bootstrap'],
  ] as const)('%s is refused', ([, change, message]) => {
    const parse = (): unknown => parseSpec({ ...spec, ...change } as SidecarSpec, paths)
    expect(parse).toThrow(message)
  })

  test('an admin elsewhere is refused: its socket would be out of reach or in reach of others', () => {
    expect(() => parseSpec(spec, layout.sidecar('two'))).toThrow('must be /run/s/sidecars/two')
  })
})

describe('specHash', () => {
  test('is the same for another order of keys, and another for another value', () => {
    const one = parseSpec({ ...spec, labels: { a: '1', b: '2' } }, paths)
    const two = parseSpec({ ...spec, labels: { b: '2', a: '1' } }, paths)
    expect(specHash(two)).toBe(specHash(one))
    expect(specHash({ ...one, labels: { a: '1', b: '3' } })).not.toBe(specHash(one))
  })
})

describe('layoutOf', () => {
  test.for(['', '.', '..', '../x', 'a/b', '-a', '.a', 'a b', 'a\n', 'a'.repeat(129)])(
    'id %j is refused',
    (id) => {
      expect(() => layout.sidecar(id)).toThrow('sidecar id')
      expect(() => layout.record(id)).toThrow('sidecar id')
    },
  )

  test('a socket longer than the kernel takes is refused, a full container id fits', () => {
    const id = 'c'.repeat(64)
    expect(layoutOf('/run/proxy-sidecars').sidecar(id).adminSocket).toHaveLength(104)
    expect(() => layoutOf(`/tmp/${'d'.repeat(40)}`).sidecar(id)).toThrow('107 bytes')
  })

  test('a relative state directory is refused', () => {
    expect(() => layoutOf('state')).toThrow('absolute')
  })
})
