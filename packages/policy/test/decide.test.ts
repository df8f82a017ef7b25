import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, type Decision, parseSelectionFile, PolicyError } from '../src/index.ts'
import { defaultRedirect, inputOf, neverRead } from './pods.ts'

const OWN = 'sidecarctl.dev/inject'
const ISTIO = 'sidecar.istio.io/inject'

const inShop = { version: 1 as const, namespaces: ['shop'] }
const elsewhere = { version: 1 as const, namespaces: ['else'] }

describe('selection', () => {
  test.for<[string, Parameters<typeof inputOf>[0], string]>([
    ['not a pod', { pod: undefined }, 'not-a-pod'],
    [
      'kube-system by default',
      { pod: { namespace: 'kube-system', name: 'a' } },
      'excluded-namespace',
    ],
    [
      'a configured exclusion, although it asks',
      { conf: { excludeNamespaces: ['shop'] }, annotations: { [OWN]: 'true' } },
      'excluded-namespace',
    ],
    [
      "the agent's own pod, although it asks",
      {
        pod: { namespace: 'proxy-system', name: 'proxy-agent-x7k' },
        conf: { selection: 'all' },
        annotations: { [OWN]: 'true' },
      },
      'agent-pod',
    ],
    [
      'an agent with another name',
      {
        pod: { namespace: 'mesh', name: 'node-1' },
        conf: { agentNamespace: 'mesh', agentPodPrefix: 'node-', selection: 'all' },
      },
      'agent-pod',
    ],
    ['no annotation', {}, 'not-annotated'],
    ['no annotations at all', { annotations: undefined }, 'not-annotated'],
    [
      'own opt-out',
      { conf: { selection: 'all' }, annotations: { [OWN]: 'false' } },
      'annotation-opt-out',
    ],
    [
      "Istio's opt-out",
      { conf: { selection: 'all' }, annotations: { [ISTIO]: 'F' } },
      'annotation-opt-out',
    ],
    ['own opt-in', { annotations: { [OWN]: 'true' } }, 'annotation-opt-in'],
    ["Istio's opt-in", { annotations: { [ISTIO]: 'T' } }, 'annotation-opt-in'],
    [
      'own over Istio: in',
      { annotations: { [OWN]: 'true', [ISTIO]: 'false' } },
      'annotation-opt-in',
    ],
    [
      'own over Istio: out',
      { annotations: { [OWN]: 'false', [ISTIO]: 'true' } },
      'annotation-opt-out',
    ],
    ["Istio's nonsense is ignored", { annotations: { [ISTIO]: 'yes' } }, 'not-annotated'],
    ['all', { conf: { selection: 'all' } }, 'all-pods'],
    [
      "a pod elsewhere that is named like the agent's",
      { pod: { namespace: 'shop', name: 'proxy-agent-1' }, conf: { selection: 'all' } },
      'all-pods',
    ],
    [
      'another pod of the agent namespace',
      { pod: { namespace: 'proxy-system', name: 'other' }, conf: { selection: 'all' } },
      'all-pods',
    ],
    [
      'a proxy in the pod',
      { annotations: { [OWN]: 'true', 'sidecar.istio.io/status': '{}' } },
      'in-pod-sidecar',
    ],
    [
      'interception NONE',
      { annotations: { [OWN]: 'true', 'sidecar.istio.io/interceptionMode': 'NONE' } },
      'interception-none',
    ],
    [
      'namespace in the configuration, file unread',
      { conf: { selection: 'namespace', namespaces: ['shop'] }, selection: neverRead },
      'namespace-in-configuration',
    ],
    [
      'namespace in the file',
      { conf: { selection: 'namespace' }, selection: () => inShop },
      'namespace-in-selection-file',
    ],
    [
      'namespace not in the file',
      { conf: { selection: 'namespace' }, selection: () => elsewhere },
      'namespace-not-selected',
    ],
    ['no file', { conf: { selection: 'namespace' } }, 'selection-unknown'],
    [
      'opt-in without the file',
      { conf: { selection: 'namespace' }, annotations: { [OWN]: 'true' }, selection: neverRead },
      'annotation-opt-in',
    ],
  ])('%s', ([, change, reason]) => {
    expect(decide(inputOf(change)).reason).toBe(reason)
  })

  test('a corrupt selection file selects nobody, and says so', () => {
    const decision = decide(
      inputOf({
        conf: { selection: 'namespace' },
        selection: () => parseSelectionFile('{"version":2}'),
      }),
    )
    expect(decision).toMatchObject({ kind: 'skip', reason: 'selection-unknown' })
    expect(decision.remarks[0]).toContain('selection file: version: must be 1')
  })

  test('a bug in reading the file is not swallowed', () => {
    const input = inputOf({
      conf: { selection: 'namespace' },
      selection: () => {
        throw new TypeError('bug')
      },
    })
    expect(() => decide(input)).toThrow(TypeError)
  })

  test('only the mode that needs the selection file reads it', () => {
    for (const selection of ['annotation', 'all']) {
      decide(inputOf({ conf: { selection }, selection: neverRead }))
    }
    expect(() =>
      decide(inputOf({ conf: { selection: 'namespace' }, selection: neverRead })),
    ).toThrow('was read')
  })
})

describe('exempt pods', () => {
  test('pass whatever else is wrong', () => {
    const exempt = fc.constantFrom(
      undefined,
      { namespace: 'kube-system', name: 'coredns' },
      { namespace: 'proxy-system', name: 'proxy-agent-1' },
    )
    // Any JSON, with keys that mean something made likely.
    const conf = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom('selection', 'failPolicy', 'mtls', 'readiness', 'namespaces', 'socket'),
        fc.jsonValue(),
      ),
    )
    fc.assert(
      fc.property(exempt, conf, fc.jsonValue(), (pod, odd, annotations) => {
        const decision = decide({ pod, conf: odd, annotations, selection: neverRead })
        expect(decision.kind).toBe('skip')
      }),
    )
  })

  test('an unusable exclusion list falls back to its default, and fails the others', () => {
    const conf = { excludeNamespaces: 'kube-system' }
    const pod = { namespace: 'kube-system', name: 'a' }
    expect(decide(inputOf({ pod, conf })).reason).toBe('excluded-namespace')
    expect(() => decide(inputOf({ conf }))).toThrow(/excludeNamespaces/)
  })

  test('an emptied exclusion list excludes nothing', () => {
    const pod = { namespace: 'kube-system', name: 'a' }
    const conf = { excludeNamespaces: [], selection: 'all' }
    expect(decide(inputOf({ pod, conf })).reason).toBe('all-pods')
  })
})

describe('specification', () => {
  const opted = { [OWN]: 'true' }

  function specOf(annotations: Record<string, string>, conf: unknown = {}): unknown {
    const decision: Decision = decide(inputOf({ annotations: { ...opted, ...annotations }, conf }))
    return decision.kind === 'capture' ? decision.spec : decision.reason
  }

  test('has defaults for everything', () => {
    expect(specOf({})).toEqual({
      redirect: defaultRedirect,
      failPolicy: 'closed',
      mtls: 'permissive',
      readiness: 'ready',
      serviceAccount: 'default',
    })
  })

  test('takes what the configuration says, and annotations over it', () => {
    const conf = { failPolicy: 'open', mtls: 'strict', readiness: 'started' }
    expect(specOf({}, conf)).toMatchObject(conf)
    const annotations = {
      'sidecarctl.dev/fail-policy': 'closed',
      'sidecarctl.dev/mtls': 'permissive',
      'sidecarctl.dev/readiness': 'ready',
      'sidecarctl.dev/service-account': 'bookinfo-reviews',
    }
    expect(specOf(annotations, conf)).toMatchObject({
      failPolicy: 'closed',
      mtls: 'permissive',
      readiness: 'ready',
      serviceAccount: 'bookinfo-reviews',
    })
  })

  test.for([
    ['sidecarctl.dev/inject', 'yes', '"true" or "false"'],
    ['sidecarctl.dev/fail-policy', 'ajar', '"closed" or "open"'],
    ['sidecarctl.dev/mtls', 'STRICT', '"permissive" or "strict"'],
    ['sidecarctl.dev/readiness', '', '"ready" or "started"'],
    ['sidecarctl.dev/service-account', '../admin', 'the name of a service account'],
    ['sidecar.istio.io/interceptionMode', 'TPROXY', '"REDIRECT" or "NONE"'],
  ])('refuses %s = %j, naming all three', ([name = '', value = '', allowed = '']) => {
    const error = errorOf(() => specOf({ [name]: value }))
    expect(error.code).toBe('annotation-invalid')
    expect(error.message).toContain(name)
    expect(error.message).toContain(JSON.stringify(value))
    expect(error.message).toContain(allowed)
  })

  test('an unknown annotation of our own is remarked on, not refused', () => {
    const decision = decide(inputOf({ annotations: { ...opted, 'sidecarctl.dev/injct': 'true' } }))
    expect(decision.kind).toBe('capture')
    expect(decision.remarks).toEqual([expect.stringContaining('sidecarctl.dev/injct')])
  })

  test("Istio's unusable boolean is remarked on", () => {
    const decision = decide(inputOf({ annotations: { [ISTIO]: 'maybe' } }))
    expect(decision.remarks).toEqual([expect.stringContaining('"maybe"')])
  })

  test.for([[['a']], ['text'], [{ a: 1 }], [7]])('refuses %j as annotations', ([annotations]) => {
    expect(errorOf(() => decide(inputOf({ annotations }))).code).toBe('annotation-invalid')
  })

  test('a prototype is not an annotation', () => {
    const annotations = JSON.parse('{"__proto__": "x", "constructor": "y"}') as unknown
    expect(decide(inputOf({ annotations })).reason).toBe('not-annotated')
  })

  test('an unselected pod passes whatever its other annotations say', () => {
    const annotations = { 'sidecarctl.dev/mtls': '?', 'sidecar.istio.io/interceptionMode': '?' }
    expect(decide(inputOf({ annotations })).reason).toBe('not-annotated')
    expect(decide(inputOf({ annotations: { ...annotations, [OWN]: 'false' } })).reason).toBe(
      'annotation-opt-out',
    )
  })
})

describe('configuration', () => {
  test.for([
    [{ selection: 'some' }, 'selection: must be "annotation" or "namespace" or "all"'],
    [{ failPolicy: 'ajar' }, 'failPolicy: must be "closed" or "open"'],
    [
      { excludeNamespaces: ['Kube_System'] },
      'excludeNamespaces.0: must be the name of a namespace',
    ],
    [{ excludeNamespaces: [7] }, 'excludeNamespaces.0: must be the name of a namespace'],
    [{ namespaces: 'shop' }, 'namespaces: must be a list of at most 4096 namespaces'],
    [{ agentNamespace: 7 }, 'agentNamespace: must be the name of a namespace'],
    [{ agentPodPrefix: '' }, 'agentPodPrefix: must be the beginning of a pod name'],
    [{ mtls: null }, 'mtls: must be "permissive" or "strict"'],
    [[], 'must be an object'],
  ] as const)('refuses %j', ([conf, key]) => {
    const error = errorOf(() => decide(inputOf({ conf })))
    expect(error.code).toBe('conf-invalid')
    expect(error.message).toBe(`plugin configuration: ${key}`)
    expect(error.retryable).toBe(false)
  })
})

function errorOf(work: () => unknown): PolicyError {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError)
    return error as PolicyError
  }
  throw new Error('nothing was thrown')
}
