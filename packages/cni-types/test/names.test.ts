import { describe, expect, test } from 'vitest'
import { checkContainerId, checkIfname, checkNetworkName } from '../src/index.ts'

describe('container ids', () => {
  test.for(['a', '0', 'a.b-c_d', 'A'.repeat(200)])('%s', (id) => {
    expect(() => checkContainerId(id)).not.toThrow()
  })

  test.for(['a%b', '.a', '-a', '_a', 'a/b', 'a b', 'a\n', '\na', 'é'])('%j: code 4', (id) => {
    expect(() => checkContainerId(id)).toThrow(
      expect.objectContaining({ code: 4, msg: 'invalid characters in containerID', details: id }),
    )
  })

  test('empty: code 3', () => {
    expect(() => checkContainerId('')).toThrow(
      expect.objectContaining({ code: 3, msg: 'missing containerID' }),
    )
  })
})

describe('network names: code 7', () => {
  test('letters', () => {
    expect(() => checkNetworkName('k8s-pod-network')).not.toThrow()
    expect(() => checkNetworkName('')).toThrow(
      expect.objectContaining({ code: 7, msg: 'missing network name' }),
    )
    expect(() => checkNetworkName('a b')).toThrow(
      expect.objectContaining({
        code: 7,
        msg: 'invalid characters found in network name',
        details: 'a b',
      }),
    )
  })
})

describe('interface names: code 4', () => {
  test.for(['eth0', 'a', '%', 'a.b', '...', 'x'.repeat(15), 'öäü', 'a\ufeffb'])('%s', (ifname) => {
    expect(() => checkIfname(ifname)).not.toThrow()
  })

  test.for([
    ['', 'interface name is empty', undefined],
    [
      'x'.repeat(16),
      'interface name is too long',
      'interface name should be less than 16 characters',
    ],
    // Bytes count, as for the kernel.
    [
      'ö'.repeat(8),
      'interface name is too long',
      'interface name should be less than 16 characters',
    ],
    ['.', 'interface name is . or ..', undefined],
    ['..', 'interface name is . or ..', undefined],
    ...['a/b', 'a:b', 'a b', 'a\tb', '\n', 'a\u0085', '\u00a0', '\u3000', '\u2028'].map(
      (name) =>
        [name, 'interface name contains / or : or whitespace characters', undefined] as const,
    ),
  ] as const)('%j', ([ifname, msg, details]) => {
    expect(() => checkIfname(ifname)).toThrow(expect.objectContaining({ code: 4, msg, details }))
  })
})
