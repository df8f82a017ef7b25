import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCniArgs, podOf } from '../src/index.ts'

const pod =
  'K8S_POD_NAME=web-0;IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_INFRA_CONTAINER_ID=abc123;K8S_POD_UID=6a9d-1;X=1'

describe('parseCniArgs', () => {
  test('pairs', () => {
    const args = parseCniArgs('A=1;B=;IgnoreUnknown=true;C=x;A=2', ['A', 'B'])
    expect([...args.values]).toEqual([
      ['A', '2'],
      ['B', ''],
    ])
    expect(args.unknown).toEqual(['C'])
    expect(args.ignoreUnknown).toBe(true)
  })

  test('nothing', () => {
    expect(parseCniArgs('')).toEqual({ values: new Map(), unknown: [], ignoreUnknown: false })
  })

  test.for(['1', 'true', 'True', 'TRUE'])('IgnoreUnknown=%s', (value) => {
    expect(parseCniArgs(`IgnoreUnknown=${value};X=1`).ignoreUnknown).toBe(true)
  })

  test.for([
    ['A', 'ARGS: invalid pair "A"'],
    ['A=1;', 'ARGS: invalid pair ""'],
    ['A=b=c', 'ARGS: invalid pair "A=b=c"'],
    ['A=1;B=2', 'ARGS: unknown args ["A=1" "B=2"]'],
    ['IgnoreUnknown=0;A=1', 'ARGS: unknown args ["A=1"]'],
    ['IgnoreUnknown=False;A=1', 'ARGS: unknown args ["A=1"]'],
    [
      'IgnoreUnknown=yes',
      'ARGS: error parsing value of pair "IgnoreUnknown=yes": boolean unmarshal error: invalid input yes',
    ],
  ] as const)('%s: code 4', ([text, msg]) => {
    expect(() => parseCniArgs(text)).toThrow(expect.objectContaining({ code: 4, msg }))
  })

  test('order does not matter, not even of IgnoreUnknown', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(pod.split(';'), { minLength: 6 }), (pairs) => {
        expect(podOf(pairs.join(';'))).toEqual(podOf(pod))
      }),
    )
  })
})

describe('podOf', () => {
  test('all four', () => {
    expect(podOf(pod)).toEqual({
      namespace: 'shop',
      name: 'web-0',
      uid: '6a9d-1',
      infraContainerId: 'abc123',
    })
    expect(podOf(parseCniArgs(pod))?.name).toBe('web-0')
  })

  test('without uid, as cri-dockerd', () => {
    expect(podOf('K8S_POD_NAMESPACE=a;K8S_POD_NAME=b')).toEqual({ namespace: 'a', name: 'b' })
  })

  test.for(['', 'IgnoreUnknown=1;X=y', 'K8S_POD_NAME=a', 'K8S_POD_NAMESPACE=a;K8S_POD_NAME='])(
    '%j is no pod',
    (text) => {
      expect(podOf(text)).toBeUndefined()
    },
  )

  test.for(['../../etc', 'a/b', '.', 'a b', 'a\nb', '-x', 'ü', 'x'.repeat(254)])(
    'refuses %j',
    (name) => {
      expect(() => podOf(`K8S_POD_NAMESPACE=a;K8S_POD_NAME=${name}`)).toThrow(
        expect.objectContaining({
          code: 4,
          msg: 'ARGS: K8S_POD_NAME has characters that no name in Kubernetes has, or is too long',
        }),
      )
      expect(() => podOf(`K8S_POD_NAMESPACE=a;K8S_POD_NAME=b;K8S_POD_UID=${name}`)).toThrow(
        'K8S_POD_UID',
      )
    },
  )
})
