import { type AddRequest } from '../src/index.ts'

/** A request as the plugin sends it. */
export function addRequest(change: Partial<AddRequest> = {}): AddRequest {
  return {
    containerId: 'c1',
    ifname: 'eth0',
    network: 'pods',
    netns: '/run/netns/c1',
    pod: { namespace: 'shop', name: 'reviews-1' },
    podIps: ['10.1.2.3', 'fd00::3'],
    capture: {
      redirect: {
        mode: 'REDIRECT',
        families: ['ipv4', 'ipv6'],
        includeInboundPorts: '*',
        excludeInboundPorts: [15_020],
        includeOutboundPorts: [],
        excludeOutboundPorts: [15_020],
        includeOutboundCidrs: '*',
        excludeOutboundCidrs: [],
        excludeInterfaces: [],
      },
      failPolicy: 'closed',
      mtls: 'permissive',
      readiness: 'ready',
      serviceAccount: 'default',
    },
    reason: 'annotation-opt-in',
    ...change,
  }
}
