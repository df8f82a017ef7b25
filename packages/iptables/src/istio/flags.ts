/** One option of `istio-iptables`, or one of ours that states what it would find out by itself. */
export interface IstioFlag {
  /** Long name, without dashes. */
  readonly name: string
  /** One letter; absent when there is none. */
  readonly short?: string
  /** Variables that set it, the later ones winning; a flag wins over all of them. */
  readonly env: readonly string[]
  /** `switch` takes `true` or `false`, and means `true` when nothing follows. */
  readonly kind: 'text' | 'switch'
  /** Whether there is a flag, or variables only. */
  readonly variableOnly?: true
  /** Whether it is ours: `istio-iptables` finds the value out by itself. */
  readonly stated?: true
  /** Whether it says what to do with rules, and nothing about the rules themselves. */
  readonly isAction?: true
  /** Why it is refused, and what to do instead. Absent when it is understood. */
  readonly refused?: string
  /** What it is for. */
  readonly about: string
}

function text(name: string, short: string | undefined, about: string): IstioFlag {
  return {
    name,
    ...(short === undefined ? {} : { short }),
    env: [variable(name)],
    kind: 'text',
    about,
  }
}

function toggle(name: string, about: string, ...env: readonly string[]): IstioFlag {
  return { name, env: [variable(name), ...env], kind: 'switch', about }
}

function refuse(name: string, kind: IstioFlag['kind'], refused: string): IstioFlag {
  return { name, env: [variable(name)], kind, refused, about: `not supported: ${refused}` }
}

function variable(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}

/** Every flag and variable of `istio-iptables`, and what we make of it. */
export const istioFlags: readonly IstioFlag[] = [
  { ...text('envoy-port', 'p', 'port for outbound connections (15001)'), env: [] },
  text('inbound-capture-port', 'z', 'port for inbound connections (15006)'),
  text('inbound-tunnel-port', 'e', 'port for tunnels, never captured (15008)'),
  text('proxy-uid', 'u', 'users the proxy runs as (1337)'),
  text('proxy-gid', 'g', 'groups the proxy runs as (as -u)'),
  text('istio-inbound-interception-mode', 'm', 'REDIRECT or TPROXY (REDIRECT)'),
  text('istio-inbound-ports', 'b', 'inbound ports to capture, or * (none)'),
  text('istio-local-exclude-ports', 'd', 'inbound ports left alone when -b is * (none)'),
  text('istio-exclude-interfaces', 'c', 'interfaces left alone (none)'),
  text('istio-service-cidr', 'i', 'destinations to capture, or * (none)'),
  text('istio-service-exclude-cidr', 'x', 'destinations never captured (none)'),
  text('istio-outbound-ports', 'q', 'outbound ports captured whatever the address (none)'),
  text('istio-local-outbound-ports-exclude', 'o', 'outbound ports never captured (none)'),
  text('kube-virt-interfaces', 'k', 'interfaces of guests, whose inbound is outbound (none)'),
  text('istio-inbound-tproxy-mark', 't', 'mark of TPROXY (1337)'),
  text('istio-inbound-tproxy-route-table', 'r', 'routing table of TPROXY (133)'),
  toggle('redirect-dns', 'capture DNS', 'ISTIO_META_DNS_CAPTURE'),
  toggle('capture-all-dns', 'capture DNS to every server, with --redirect-dns'),
  toggle('drop-invalid', 'drop packets that belong to no connection', 'INVALID_DROP'),
  toggle('dual-stack', 'both families', 'ISTIO_DUAL_STACK'),
  {
    name: 'outbound-owner-groups',
    env: ['ISTIO_OUTBOUND_OWNER_GROUPS'],
    kind: 'text',
    variableOnly: true,
    about: 'groups whose outbound connections are captured (*)',
  },
  {
    name: 'outbound-owner-groups-exclude',
    env: ['ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE'],
    kind: 'text',
    variableOnly: true,
    about: 'groups whose outbound connections are not captured (none)',
  },
  {
    name: 'outbound-ipv4-loopback-cidr',
    env: ['ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR'],
    kind: 'text',
    variableOnly: true,
    about: 'the loopback block (127.0.0.1/32)',
  },
  {
    name: 'enable-ipv6',
    env: [],
    kind: 'switch',
    stated: true,
    about: 'rules for IPv6 too, whatever addresses there are',
  },
  {
    name: 'dns-servers',
    env: [],
    kind: 'text',
    stated: true,
    about: 'name servers, instead of those in /etc/resolv.conf',
  },
  {
    name: 'host-ip',
    env: [],
    kind: 'text',
    stated: true,
    about: "the pod's addresses in their order, instead of those of its interfaces",
  },
  ...[
    { ...toggle('dry-run', 'change nothing, print what would be loaded'), short: 'n' },
    toggle('cleanup-only', 'take the rules away and make none'),
    toggle('reconcile', 'replace rules that differ; always so here'),
    toggle('force-apply', 'replace rules even when they are right'),
    text('force-iptables-binary', undefined, 'legacy or nft'),
  ].map((flag): IstioFlag => ({ ...flag, isAction: true })),
  refuse('native-nftables', 'switch', 'use --backend nft without --compat istio'),
  refuse('network-namespace', 'text', 'run this command inside the namespace (nsenter --net=PATH)'),
  refuse('cni-mode', 'switch', 'the host has @proxy/iptables with a runner of its own instead'),
  refuse('skip-rule-apply', 'switch', 'use verify'),
  refuse('run-validation', 'switch', 'use verify'),
  refuse('iptables-probe-port', 'text', 'it belongs to --run-validation'),
  refuse('probe-timeout', 'text', 'it belongs to --run-validation'),
  refuse('host-nsenter-exec', 'switch', 'run this command inside the namespace'),
  refuse('iptables-trace-logging', 'switch', 'use explain'),
  {
    ...refuse('restore-format', 'switch', 'use render, which prints it'),
    short: 'f',
  },
]
