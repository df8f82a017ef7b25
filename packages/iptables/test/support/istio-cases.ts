import { type IstioConfig, istioSettings, parseIstioConfig } from '../../src/index.ts'

/** What `istio-iptables` is told, by long names of flags and by variables. */
export interface IstioCase {
  readonly flags?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

const ipv6 = { 'enable-ipv6': 'true' }
const tproxy = { 'istio-inbound-interception-mode': 'TPROXY' }
const ids = { 'proxy-uid': '3,4', 'proxy-gid': '1,2' }
const dns = { 'redirect-dns': 'true' }
const dns4 = { ...dns, 'dns-servers': '127.0.0.53' }
const inboundPorts = (ports: string): Record<string, string> => ({ 'istio-inbound-ports': ports })
const cidrs = (include: string, exclude?: string): Record<string, string> => ({
  'istio-service-cidr': include,
  ...(exclude === undefined ? {} : { 'istio-service-exclude-cidr': exclude }),
})
const guests = (names: string): Record<string, string> => ({ 'kube-virt-interfaces': names })
const groups = { ISTIO_OUTBOUND_OWNER_GROUPS: 'java,202' }
const groupsExclude = { ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE: '888,ftp' }
const ipv6Nets = {
  ...inboundPorts('4000,5000'),
  ...guests('eth0,eth1'),
  ...cidrs('2001:db8::/32', '2001:db8::/32'),
  ...ipv6,
}
/** What the plugin tells for a pod without annotations. */
const pod = {
  ...inboundPorts('*'),
  'istio-local-exclude-ports': '15020,15021,15090',
  'istio-local-outbound-ports-exclude': '15020',
  ...cidrs('*'),
}

/** Cases with a golden file for each family, named as users of Istio know them. */
export const istioCases: Readonly<Record<string, IstioCase>> = {
  empty: {},
  'inbound-ports-wildcard': { flags: inboundPorts('*') },
  'inbound-ports-include': { flags: inboundPorts('32000,31000') },
  'inbound-ports-tproxy': { flags: { ...inboundPorts('32000,31000'), ...tproxy } },
  'inbound-ports-wildcard-tproxy': { flags: { ...inboundPorts('*'), ...tproxy } },
  'inbound-ports-empty-tproxy': { flags: tproxy },
  'ipv6-empty-inbound-ports': { flags: { ...inboundPorts(''), ...ipv6 } },
  'ipv6-inbound-ports': { flags: { ...inboundPorts('4000,5000'), ...ipv6 } },
  'ipv6-virt-interfaces': {
    flags: { ...inboundPorts('4000,5000'), ...guests('eth0,eth1'), ...ipv6 },
  },
  'ipv6-ipnets': { flags: { ...ipv6Nets, 'istio-local-exclude-ports': '6000,7000,' } },
  'ipv6-uid-gid': { flags: { ...ipv6Nets, 'istio-local-exclude-ports': '6000,7000', ...ids } },
  'ipv6-outbound-ports': { flags: { 'istio-outbound-ports': '32000,31000', ...ipv6 } },
  'outbound-ports-include': { flags: { 'istio-outbound-ports': '32000,31000' } },
  'kube-virt-interfaces': { flags: { ...guests('eth1,eth2'), ...cidrs('*') } },
  ipnets: { flags: cidrs('10.0.0.0/8') },
  'ipnets-with-kube-virt-interfaces': { flags: { ...guests('eth1,eth2'), ...cidrs('10.0.0.0/8') } },
  'basic-exclude-nic': { flags: { 'istio-exclude-interfaces': 'not-istio-nic' } },
  'ip-range': { flags: { ...cidrs('9.9.0.0/16', '1.1.0.0/16'), ...dns4, ...ids } },
  'loopback-outbound-iprange': { flags: { ...cidrs('127.1.2.3/32'), ...dns4, ...ids } },
  'dns-uid-gid': {
    flags: { ...dns, 'dns-servers': '127.0.0.53,::127.0.0.53', ...ids, ...ipv6 },
  },
  'ipv6-dns-uid-gid': { flags: { ...dns, ...ids, ...ipv6 } },
  'outbound-owner-groups': { env: groups },
  'outbound-owner-groups-exclude': { env: groupsExclude },
  'ipv6-dns-outbound-owner-groups': { flags: { ...dns, ...ipv6 }, env: groups },
  'ipv6-dns-outbound-owner-groups-exclude': { flags: { ...dns, ...ipv6 }, env: groupsExclude },
  tproxy: {
    flags: {
      ...tproxy,
      ...inboundPorts('*'),
      ...cidrs('9.9.0.0/16', '1.1.0.0/16'),
      ...dns4,
      'istio-exclude-interfaces': 'not-istio-nic',
      ...ipv6,
    },
  },
  'host-ipv4-loopback-cidr': { env: { ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR: '127.0.0.1/8' } },
  'drop-invalid': { env: { INVALID_DROP: 'true' } },
  'pod-basic': { flags: pod },
  'pod-include-exclude-ip': { flags: { ...pod, ...cidrs('127.0.0.0/8', '10.0.0.0/8') } },
  'pod-include-exclude-ports': {
    flags: {
      ...pod,
      ...inboundPorts('1111,2222'),
      'istio-local-exclude-ports': '3333,4444,15020,15021,15090',
      'istio-local-outbound-ports-exclude': '5555,6666',
    },
  },
  'pod-tproxy': { flags: { ...pod, ...tproxy } },
  'pod-dns': {
    flags: { ...pod, 'capture-all-dns': 'true' },
    env: { ISTIO_META_DNS_CAPTURE: 'true' },
  },
  'pod-invalid-drop': { flags: { ...pod, 'drop-invalid': 'true' } },
  'pod-custom-uid': { flags: { ...pod, 'proxy-uid': '1000670000', 'proxy-gid': '1000670001' } },
  'pod-custom-uid-tproxy': {
    flags: { ...pod, ...tproxy, 'proxy-uid': '1000670000', 'proxy-gid': '1000670001' },
  },
  'pod-dual-stack': {
    flags: { ...pod, ...tproxy, 'capture-all-dns': 'true', 'drop-invalid': '1' },
    env: { ISTIO_META_DNS_CAPTURE: 'true', ISTIO_DUAL_STACK: 'true' },
  },
  'other-ports-and-marks': {
    flags: {
      ...pod,
      ...tproxy,
      ...ipv6,
      'envoy-port': '25001',
      'inbound-capture-port': '25006',
      'inbound-tunnel-port': '25008',
      'istio-inbound-tproxy-mark': '4711',
      'istio-inbound-tproxy-route-table': '233',
    },
  },
  'owner-groups-none': { flags: pod, env: { ISTIO_OUTBOUND_OWNER_GROUPS: '' } },
}

/** The configuration of a case. */
export function istioConfigOf(name: string): IstioConfig {
  const { flags = {}, env = {} } = istioCases[name]!
  return parseIstioConfig(istioSettings(flags, env))
}
