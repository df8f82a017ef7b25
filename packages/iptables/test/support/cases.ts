import { parseRedirectSpec, plan, type RuleSet } from '../../src/index.ts'

/** What a pod gets when it asks for nothing, in Istio's terms: no port, no address. */
const bare = { includeInboundPorts: [], includeOutboundCidrs: [], families: ['ipv4'] }
const both = { families: ['ipv4', 'ipv6'] }
/** What the plugin sets for a pod without annotations. */
const pod = { excludeInboundPorts: [15_020, 15_021, 15_090], excludeOutboundPorts: [15_020] }

/** Specifications with a golden file each: the cases of REDIRECT mode, named as users know them. */
export const goldenCases: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  empty: bare,
  'inbound-ports-wildcard': { ...bare, includeInboundPorts: '*' },
  'inbound-ports-include': { ...bare, includeInboundPorts: [32_000, 31_000] },
  'ipv6-empty-inbound-ports': { ...bare, ...both },
  'ipv6-inbound-ports': { ...bare, ...both, includeInboundPorts: [4000, 5000] },
  'ipv6-outbound-ports': { ...bare, ...both, includeOutboundPorts: [32_000, 31_000] },
  'outbound-ports-include': { ...bare, includeOutboundPorts: [32_000, 31_000] },
  'ipv6-ipnets': {
    ...bare,
    ...both,
    includeInboundPorts: [4000, 5000],
    excludeInboundPorts: [6000, 7000],
    includeOutboundCidrs: ['2001:db8::/32'],
    excludeOutboundCidrs: ['2001:db8:1::/48'],
  },
  'ipv6-uid-gid': {
    ...bare,
    ...both,
    includeInboundPorts: [4000, 5000],
    includeOutboundCidrs: ['2001:db8::/32'],
    proxyUids: [3, 4],
    proxyGids: [1, 2],
  },
  'outbound-owner-groups': { ...bare, includeOutboundCidrs: '*', includeOwnerGroups: [101, 202] },
  'outbound-owner-groups-exclude': {
    ...bare,
    includeOutboundCidrs: '*',
    excludeOwnerGroups: [888, 21],
  },
  'proxy-marks': { ...pod, proxyUids: [], proxyGids: [], proxyMarks: [0x1f4] },
  'ipv6-virt-interfaces': {
    ...bare,
    ...both,
    includeInboundPorts: [4000, 5000],
    rerouteVirtualInterfaces: ['eth0', 'eth1'],
  },
  'kube-virt-interfaces': {
    ...bare,
    includeOutboundCidrs: '*',
    rerouteVirtualInterfaces: ['eth1', 'eth2'],
  },
  'ipnets-with-kube-virt-interfaces': {
    ...bare,
    includeOutboundCidrs: ['10.0.0.0/8'],
    excludeOutboundCidrs: ['10.9.0.0/16'],
    rerouteVirtualInterfaces: ['eth1', 'eth2'],
  },
  'drop-invalid': { ...pod, dropInvalid: true },
  'dns-uid-gid': {
    ...bare,
    ...both,
    captureDns: ['127.0.0.53', '::127.0.0.53'],
    proxyUids: [3, 4],
    proxyGids: [1, 2],
  },
  'ipv6-dns-outbound-owner-groups': {
    ...bare,
    ...both,
    captureDns: '*',
    includeOwnerGroups: [101, 202],
  },
  'ipv6-dns-outbound-owner-groups-exclude': {
    ...bare,
    ...both,
    captureDns: '*',
    excludeOwnerGroups: [888, 21],
    excludeInterfaces: ['net1'],
  },
  'pod-dns': { ...pod, captureDns: '*' },
  'inbound-ports-tproxy': { ...bare, mode: 'TPROXY', includeInboundPorts: [32_000, 31_000] },
  'inbound-ports-wildcard-tproxy': { ...bare, mode: 'TPROXY', includeInboundPorts: '*' },
  'inbound-ports-empty-tproxy': { ...bare, mode: 'TPROXY' },
  tproxy: {
    ...bare,
    ...both,
    mode: 'TPROXY',
    includeInboundPorts: '*',
    excludeOutboundCidrs: ['1.1.0.0/16'],
    includeOutboundCidrs: ['9.9.0.0/16'],
    captureDns: ['127.0.0.53'],
    excludeInterfaces: ['not-istio-nic'],
  },
  'pod-tproxy': { ...pod, mode: 'TPROXY', dropInvalid: true, rerouteVirtualInterfaces: ['net1'] },
  ipnets: { ...bare, includeOutboundCidrs: ['10.0.0.0/8'] },
  'basic-exclude-nic': { ...bare, includeInboundPorts: '*', excludeInterfaces: ['not-istio-nic'] },
  'ip-range': {
    ...bare,
    excludeOutboundCidrs: ['1.1.0.0/16'],
    includeOutboundCidrs: ['9.9.0.0/16'],
    proxyUids: [3, 4],
    proxyGids: [1, 2],
  },
  'loopback-outbound-iprange': {
    ...bare,
    includeOutboundCidrs: ['127.1.2.3/32'],
    proxyUids: [3, 4],
    proxyGids: [1, 2],
  },
  'host-ipv4-loopback-cidr': { ...bare, includeOutboundCidrs: '*', loopbackCidr: '127.0.0.0/8' },
  pod,
  'pod-include-exclude-ip': {
    ...pod,
    includeOutboundCidrs: ['127.0.0.0/8'],
    excludeOutboundCidrs: ['10.0.0.0/8'],
  },
  'pod-include-exclude-ports': {
    includeInboundPorts: [1111, 2222],
    excludeInboundPorts: [3333, 4444, 15_020, 15_021, 15_090],
    excludeOutboundPorts: [5555, 6666],
  },
  'pod-custom-uid': { ...pod, proxyUids: [1_000_670_000], proxyGids: [1_000_670_001] },
  'pod-other-ports': { ...pod, outboundPort: 25_001, inboundPort: 25_006, tunnelPort: 25_008 },
}

/** The plan of a case. */
export function planOf(name: string): RuleSet {
  return plan(parseRedirectSpec(goldenCases[name]))
}
