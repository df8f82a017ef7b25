import { type IpFamily, type OutboundConfig, type SidecarConfig } from '../src/index.ts'

/** A sidecar with nothing but what has no default. */
export const minimal: SidecarConfig = {
  node: {
    pod: 'reviews-7d4b9c-x2x',
    namespace: 'bookinfo',
    uid: '6a1f7f5e-0001-4c5e-9d5e-000000000001',
    containerId: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  },
  trustDomain: 'cluster.local',
  adminSocket: '/run/proxy-sidecars/sidecars/0123456789ab/admin.sock',
  sdsDirectory: '/run/proxy-sidecars/sidecars/0123456789ab/sds',
  outboundListenerFile: '/run/proxy-sidecars/shared/outbound.json',
}

const dual: readonly IpFamily[] = ['ipv4', 'ipv6']

/**
 * Bootstraps by name: each is a golden file, and each is shown to the real Envoy. Only the first has
 * the access log, which is long and the same in all.
 */
export const sidecarCases: Readonly<Record<string, SidecarConfig>> = {
  permissive: minimal,
  strict: { ...minimal, accessLog: 'off', mode: 'strict', minTlsVersion: '1.3' },
  'dual-stack': { ...minimal, accessLog: 'off', families: dual },
  'ipv6-only': { ...minimal, accessLog: 'off', families: ['ipv6'] },
  'per-port': {
    ...{ ...minimal, accessLog: 'off', mode: 'strict' },
    portModes: { 8080: 'permissive', 9090: 'strict' },
  },
  everything: {
    ...minimal,
    ...{ families: dual, outboundPort: 25001, inboundPort: 25006, detectTimeoutMs: 1500 },
    ...{ accessLog: 'off', upstreamConnections: 'shared' },
    ...{ metricsPort: 15090, healthPort: 15021, maxDownstreamConnections: 1000 },
  },
}

const many = Array.from({ length: 1000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`)

/** Outbound listeners by name. */
export const outboundCases: Readonly<Record<string, OutboundConfig>> = {
  'peers-0': { accessLog: 'off' },
  'peers-1': { peers: ['10.1.0.7'], version: 'v7' },
  'log-file': { accessLog: '/dev/null', peers: ['10.1.0.7'] },
  'peers-dual-stack': {
    accessLog: 'off',
    families: dual,
    peers: ['10.1.0.7', 'fd00::7', '10.2.0.0/24'],
  },
  'raw-port': { accessLog: 'off', rawPorts: [25] },
  'raw-ports': { accessLog: 'off', rawPorts: [3306, 25, 65535] },
  'peers-1000': { peers: many },
}
