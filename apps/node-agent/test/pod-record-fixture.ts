import { type PodRecord } from '../src/state/pod-record.ts'

/** A captured pod named after its container id. */
export function recordOf(containerId: string, more: Partial<PodRecord> = {}): PodRecord {
  return {
    version: 1,
    containerId,
    attachments: [{ network: 'lab', ifname: 'eth0' }],
    proxyUid: 1337,
    proxyGid: 1337,
    pod: { namespace: 'default', name: `pod-${containerId}`, uid: `uid-${containerId}` },
    phase: 'captured',
    netns: `/var/run/netns/${containerId}`,
    netnsId: { dev: 4, ino: 4026532000 },
    addresses: ['10.1.0.2'],
    backend: 'nftables',
    capture: {
      redirect: {
        mode: 'REDIRECT',
        families: ['ipv4'],
        includeInboundPorts: '*',
        excludeInboundPorts: [],
        includeOutboundPorts: [],
        excludeOutboundPorts: [],
        includeOutboundCidrs: '*',
        excludeOutboundCidrs: [],
        excludeInterfaces: [],
      },
      failPolicy: 'closed',
      mtls: 'permissive',
      readiness: 'ready',
      serviceAccount: 'default',
    },
    reason: 'all-pods',
    since: '2026-11-24T12:00:00.000Z',
    ...more,
  }
}
