import { type Family } from '../../../src/index.ts'
import { type addresses } from './addresses.ts'

/**
 * Who connects: the application, the proxy by its user, the proxy by its group only, the application
 * in another group, or by a socket with a mark.
 */
export type Who = 'app' | 'proxy' | 'proxy-group' | 'second-proxy' | 'other-group' | 'marked'

/** Whose sockets those are. */
export const owners: Readonly<
  Record<Who, { readonly uid: number; readonly gid: number; readonly mark?: number }>
> = {
  app: { uid: 1000, gid: 1000 },
  proxy: { uid: 1337, gid: 1337 },
  'proxy-group': { uid: 2000, gid: 1337 },
  'second-proxy': { uid: 4000, gid: 4000 },
  'other-group': { uid: 1000, gid: 2000 },
  marked: { uid: 1000, gid: 1000, mark: 500 },
}

/** A connection and who should take it. */
export interface Probe {
  readonly from: 'client' | Who
  /** Which address of the scene, or a literal one. */
  readonly to: keyof (typeof addresses)['ipv4']
  readonly port: number
  /** Default `tcp`. */
  readonly protocol?: 'udp'
  /** Connect from the address that the proxy uses towards the application. */
  readonly asProxySource?: boolean
  readonly expect:
    'app' | 'remote' | 'inbound-capture' | 'outbound-capture' | 'tunnel' | 'dns-capture'
  /** For one family only; default both. */
  readonly family?: Family
}

/** A specification and what it does to packets. */
export interface TrafficCase {
  readonly name: string
  readonly spec: Readonly<Record<string, unknown>>
  readonly probes: readonly Probe[]
}

const fromClient = (port: number, expect: Probe['expect'], to: Probe['to'] = 'pod'): Probe => ({
  from: 'client',
  to,
  port,
  expect,
})

const fromPod = (
  from: Who,
  to: Probe['to'],
  port: number,
  expect: Probe['expect'],
  more: Partial<Probe> = {},
): Probe => ({ from, to, port, expect, ...more })

/** The same by TCP and by UDP. */
const byBoth = (make: (by: Partial<Probe>) => readonly Probe[]): readonly Probe[] => [
  ...make({}),
  ...make({ protocol: 'udp' }),
]

/** What holds whatever is included or excluded. */
const always: readonly Probe[] = [
  fromClient(15_008, 'tunnel'),
  fromPod('app', 'loopback', 8080, 'app'),
  fromPod('app', 'pod', 8080, 'app'),
  fromPod('proxy', 'loopback', 8080, 'app'),
  fromPod('proxy', 'pod', 8080, 'app', { asProxySource: true }),
  fromPod('proxy', 'client', 80, 'remote'),
  fromPod('proxy-group', 'client', 80, 'remote'),
  fromPod('proxy', 'pod', 8080, 'inbound-capture'),
  fromPod('proxy-group', 'pod', 8080, 'inbound-capture'),
  fromPod('proxy', 'pod', 15_008, 'tunnel'),
]

/** Every rule of a plan decides at least one of these connections. */
export const trafficCases: readonly TrafficCase[] = [
  {
    name: 'defaults',
    spec: {},
    probes: [
      ...always,
      fromClient(80, 'inbound-capture'),
      fromClient(8080, 'inbound-capture'),
      fromClient(3306, 'inbound-capture'),
      fromPod('app', 'client', 80, 'outbound-capture'),
      fromPod('app', 'other', 443, 'outbound-capture'),
      fromPod('app', 'secondClient', 80, 'outbound-capture'),
    ],
  },
  {
    name: 'inbound ports excluded',
    spec: { excludeInboundPorts: [3306, 9090] },
    probes: [
      ...always,
      fromClient(3306, 'app'),
      fromClient(9090, 'app'),
      fromClient(8080, 'inbound-capture'),
      fromPod('app', 'client', 3306, 'outbound-capture'),
    ],
  },
  {
    name: 'only some inbound ports',
    spec: { includeInboundPorts: [8080, 80] },
    probes: [
      ...always,
      fromClient(80, 'inbound-capture'),
      fromClient(8080, 'inbound-capture'),
      fromClient(3306, 'app'),
      fromPod('app', 'client', 80, 'outbound-capture'),
    ],
  },
  {
    name: 'no inbound port',
    spec: { includeInboundPorts: [] },
    probes: [
      ...always,
      fromClient(80, 'app'),
      fromClient(8080, 'app'),
      fromPod('app', 'client', 80, 'outbound-capture'),
    ],
  },
  {
    name: 'outbound ports excluded',
    spec: { excludeOutboundPorts: [443, 3306] },
    probes: [
      ...always,
      fromPod('app', 'client', 443, 'remote'),
      fromPod('app', 'other', 3306, 'remote'),
      fromPod('app', 'client', 80, 'outbound-capture'),
      fromClient(3306, 'inbound-capture'),
    ],
  },
  {
    name: 'outbound addresses excluded',
    spec: { excludeOutboundCidrs: ['10.88.0.0/16', 'fd88::/16'] },
    probes: [
      ...always,
      fromPod('app', 'other', 80, 'remote'),
      fromPod('app', 'client', 80, 'outbound-capture'),
    ],
  },
  {
    name: 'only some outbound addresses',
    spec: { includeOutboundCidrs: ['10.88.0.0/16', '10.90.0.0/16', 'fd88::/16'] },
    probes: [
      ...always,
      fromPod('app', 'other', 80, 'outbound-capture'),
      fromPod('app', 'client', 80, 'remote'),
      fromPod('app', 'secondClient', 80, 'remote'),
    ],
  },
  {
    name: 'an excluded block within an included one',
    spec: {
      includeOutboundCidrs: ['10.0.0.0/8', 'fd00::/8'],
      excludeOutboundCidrs: ['10.88.0.0/16', 'fd88::/16'],
    },
    probes: [
      ...always,
      fromPod('app', 'other', 80, 'remote'),
      fromPod('app', 'client', 80, 'outbound-capture'),
    ],
  },
  {
    name: 'outbound ports wherever they go, but not to excluded addresses',
    spec: {
      includeOutboundCidrs: [],
      includeOutboundPorts: [443, 8443],
      excludeOutboundCidrs: ['10.88.0.1/32', 'fd88::1/128'],
    },
    probes: [
      ...always,
      fromPod('app', 'client', 443, 'outbound-capture'),
      fromPod('app', 'client', 8443, 'outbound-capture'),
      fromPod('app', 'client', 80, 'remote'),
      fromPod('app', 'other', 443, 'remote'),
    ],
  },
  {
    name: 'nothing outbound',
    spec: { includeOutboundCidrs: [] },
    probes: [...always, fromPod('app', 'client', 80, 'remote'), fromClient(80, 'inbound-capture')],
  },
  {
    name: 'an interface left alone',
    spec: { excludeInterfaces: ['net1'] },
    probes: [
      ...always,
      fromClient(8080, 'app', 'second'),
      fromClient(8080, 'inbound-capture'),
      fromPod('app', 'secondClient', 80, 'remote'),
      fromPod('app', 'client', 80, 'outbound-capture'),
    ],
  },
  {
    name: 'several interfaces left alone',
    spec: { excludeInterfaces: ['net1', 'eth0', 'not-there'] },
    probes: [
      fromClient(8080, 'app', 'second'),
      fromClient(8080, 'app'),
      fromPod('app', 'secondClient', 80, 'remote'),
      fromPod('app', 'client', 80, 'remote'),
    ],
  },
  {
    name: 'several users and groups of proxies',
    spec: { proxyUids: [4000, 1337], proxyGids: [4001, 1337] },
    probes: [
      ...always,
      fromPod('second-proxy', 'client', 80, 'remote'),
      fromPod('second-proxy', 'pod', 8080, 'inbound-capture'),
      fromPod('second-proxy', 'pod', 8080, 'app', { asProxySource: true }),
      fromPod('app', 'client', 80, 'outbound-capture'),
    ],
  },
  {
    name: 'an interface to machines inside the pod',
    spec: { rerouteVirtualInterfaces: ['net1'], excludeOutboundPorts: [3306] },
    probes: [
      ...always,
      fromClient(80, 'outbound-capture', 'second'),
      fromClient(8080, 'outbound-capture', 'second'),
      fromClient(3306, 'app', 'second'),
      fromClient(80, 'inbound-capture'),
      fromPod('app', 'client', 80, 'outbound-capture'),
    ],
  },
  {
    name: 'machines inside the pod, by their destination',
    spec: {
      rerouteVirtualInterfaces: ['net1', 'eth0'],
      includeOutboundCidrs: ['10.99.0.0/24', '10.77.0.0/16', 'fd99::/64', 'fd77::/16'],
      excludeOutboundCidrs: ['10.77.0.0/24', 'fd77::/64'],
      includeOutboundPorts: [9090],
    },
    probes: [
      fromClient(80, 'outbound-capture', 'second'),
      fromClient(80, 'app'),
      fromClient(9090, 'app'),
      fromClient(9090, 'outbound-capture', 'second'),
      fromPod('app', 'other', 80, 'remote'),
    ],
  },
  {
    name: 'machines inside the pod, by the port alone',
    spec: {
      rerouteVirtualInterfaces: ['eth0'],
      includeOutboundCidrs: [],
      includeOutboundPorts: [9090],
    },
    probes: [
      fromClient(9090, 'outbound-capture'),
      fromClient(80, 'app'),
      fromClient(9090, 'inbound-capture', 'second'),
    ],
  },
  {
    name: 'machines inside the pod of which nothing is captured',
    spec: { rerouteVirtualInterfaces: ['eth0'], includeOutboundCidrs: [] },
    probes: [fromClient(80, 'app'), fromClient(80, 'inbound-capture', 'second')],
  },
  {
    name: 'machines inside a pod that captures no inbound port',
    spec: { rerouteVirtualInterfaces: ['eth0'], includeInboundPorts: [] },
    probes: [fromClient(80, 'outbound-capture'), fromClient(80, 'app', 'second')],
  },
  {
    name: 'DNS of all servers',
    spec: { captureDns: '*', excludeOutboundCidrs: ['10.77.0.0/24', 'fd77::/64'] },
    probes: [
      ...always,
      ...byBoth((by) => [
        fromPod('app', 'client', 53, 'dns-capture', by),
        fromPod('app', 'secondClient', 53, 'dns-capture', by),
        fromPod('app', 'pod', 53, 'dns-capture', by),
        fromPod('app', 'loopback', 53, 'dns-capture', by),
        fromPod('proxy', 'client', 53, 'remote', by),
        fromPod('proxy-group', 'client', 53, 'remote', by),
        fromPod('proxy', 'loopback', 53, 'app', by),
        fromPod('proxy', 'pod', 53, 'app', by),
      ]),
      fromPod('app', 'client', 443, 'remote', { protocol: 'udp' }),
      { ...fromClient(53, 'app'), protocol: 'udp' },
      fromClient(53, 'inbound-capture'),
      fromPod('app', 'client', 80, 'remote'),
    ],
  },
  {
    name: 'DNS of some servers',
    spec: {
      captureDns: ['10.77.0.1', '10.99.0.9', '127.0.0.1', 'fd77::1', '::1'],
      excludeInterfaces: ['net1'],
    },
    probes: [
      ...always,
      ...byBoth((by) => [
        fromPod('app', 'client', 53, 'dns-capture', by),
        fromPod('app', 'secondClient', 53, 'remote', by),
        fromPod('app', 'pod', 53, 'app', by),
        fromPod('app', 'loopback', 53, 'dns-capture', by),
        fromPod('proxy', 'client', 53, 'remote', by),
      ]),
      fromPod('app', 'client', 80, 'outbound-capture'),
    ],
  },
  {
    name: 'DNS captured on other interfaces',
    spec: { captureDns: '*', excludeInterfaces: ['net1'], includeOutboundCidrs: [] },
    probes: [
      fromPod('app', 'secondClient', 53, 'remote', { protocol: 'udp' }),
      fromPod('app', 'client', 53, 'dns-capture', { protocol: 'udp' }),
      fromPod('app', 'client', 53, 'dns-capture'),
      fromPod('app', 'client', 80, 'remote'),
      fromPod('proxy', 'client', 53, 'remote', { protocol: 'udp' }),
    ],
  },
  {
    name: 'DNS of some groups',
    spec: { captureDns: '*', includeOwnerGroups: [1000, 3000] },
    probes: byBoth((by) => [
      fromPod('app', 'client', 53, 'dns-capture', by),
      fromPod('other-group', 'client', 53, 'remote', by),
      fromPod('second-proxy', 'client', 53, 'remote', by),
    ]),
  },
  {
    name: 'DNS of all but some groups',
    spec: { captureDns: '*', excludeOwnerGroups: [2000], proxyUids: [1337, 4000] },
    probes: byBoth((by) => [
      fromPod('second-proxy', 'client', 53, 'remote', by),
      fromPod('app', 'client', 53, 'dns-capture', by),
      fromPod('other-group', 'client', 53, 'remote', by),
    ]),
  },
  {
    name: 'groups left alone',
    spec: { excludeOwnerGroups: [2000, 0] },
    probes: [
      ...always,
      fromPod('other-group', 'client', 80, 'remote'),
      fromPod('other-group', 'pod', 8080, 'app'),
      fromPod('app', 'client', 80, 'outbound-capture'),
      fromClient(80, 'inbound-capture'),
    ],
  },
  {
    name: 'only some groups',
    spec: { includeOwnerGroups: [2000, 3000] },
    probes: [
      ...always,
      fromPod('other-group', 'client', 80, 'outbound-capture'),
      fromPod('app', 'client', 80, 'remote'),
      fromPod('app', 'pod', 8080, 'app'),
      fromClient(80, 'inbound-capture'),
    ],
  },
  {
    name: 'no group',
    spec: { includeOwnerGroups: [] },
    probes: [...always, fromPod('app', 'client', 80, 'remote'), fromClient(80, 'inbound-capture')],
  },
  {
    name: 'a proxy known by its mark as well',
    spec: { proxyMarks: [500, 501] },
    probes: [
      ...always,
      fromPod('marked', 'client', 80, 'remote'),
      fromPod('marked', 'pod', 8080, 'inbound-capture'),
      fromPod('marked', 'loopback', 8080, 'app'),
      fromPod('app', 'client', 80, 'outbound-capture'),
    ],
  },
  {
    name: 'a proxy known by its mark alone',
    spec: { proxyUids: [], proxyGids: [], proxyMarks: [500] },
    probes: [
      fromPod('marked', 'client', 80, 'remote'),
      fromPod('marked', 'pod', 8080, 'inbound-capture'),
      fromPod('proxy', 'client', 80, 'outbound-capture'),
      fromPod('proxy-group', 'client', 80, 'outbound-capture'),
      fromPod('app', 'client', 80, 'outbound-capture'),
      fromClient(80, 'inbound-capture'),
    ],
  },
  {
    name: 'loopback addresses captured by name',
    spec: { includeOutboundCidrs: ['127.0.0.0/8', '::1/128', '10.77.0.0/24', 'fd77::/64'] },
    probes: [
      fromPod('app', 'otherLoopback', 8080, 'outbound-capture', { family: 'ipv4' }),
      fromPod('proxy', 'otherLoopback', 8080, 'inbound-capture', { family: 'ipv4' }),
      fromPod('app', 'loopback', 8080, 'app'),
      fromPod('app', 'pod', 8080, 'outbound-capture'),
      fromPod('proxy', 'pod', 8080, 'inbound-capture'),
      fromPod('app', 'client', 80, 'outbound-capture'),
      fromPod('app', 'other', 80, 'remote'),
    ],
  },
  {
    name: 'a wider loopback block',
    spec: { loopbackCidr: '127.0.0.0/8', includeOutboundCidrs: ['127.1.2.3/32'] },
    probes: [
      fromPod('app', 'otherLoopback', 8080, 'app', { family: 'ipv4' }),
      fromPod('proxy', 'otherLoopback', 8080, 'app', { family: 'ipv4' }),
      fromPod('app', 'loopback', 8080, 'app'),
      fromPod('proxy', 'pod', 8080, 'inbound-capture'),
      fromPod('app', 'client', 80, 'remote'),
    ],
  },
  {
    name: 'IPv4 only',
    spec: { families: ['ipv4'] },
    probes: [
      { ...fromClient(80, 'inbound-capture'), family: 'ipv4' },
      { ...fromClient(80, 'app'), family: 'ipv6' },
      fromPod('app', 'client', 80, 'outbound-capture', { family: 'ipv4' }),
      fromPod('app', 'client', 80, 'remote', { family: 'ipv6' }),
    ],
  },
  {
    name: 'IPv6 only',
    spec: { families: ['ipv6'] },
    probes: [
      { ...fromClient(80, 'inbound-capture'), family: 'ipv6' },
      { ...fromClient(80, 'app'), family: 'ipv4' },
      fromPod('app', 'client', 80, 'outbound-capture', { family: 'ipv6' }),
      fromPod('app', 'client', 80, 'remote', { family: 'ipv4' }),
    ],
  },
  {
    name: 'other ports of the proxy',
    spec: { outboundPort: 9090, inboundPort: 3306, tunnelPort: 15_001 },
    probes: [
      // The listeners keep their labels: 9090 and 3306 answer as the application does elsewhere.
      fromClient(8080, 'app'),
      fromClient(15_001, 'outbound-capture'),
      fromPod('app', 'client', 80, 'app'),
      fromPod('proxy', 'client', 80, 'remote'),
    ],
  },
]
