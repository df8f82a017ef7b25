import { dnsRules } from './dns.ts'
import { append, insert, type IstioRule } from './rule.ts'
import { type Scope } from './scope.ts'

/** Steps 6 to 16: which outbound connections are captured. */
export function outboundRules(scope: Scope): readonly IstioRule[] {
  const { config, loopback, source } = scope
  return [
    append('nat', 'OUTPUT', '-j ISTIO_OUTPUT'),
    ...config.excludeOutboundPorts.flatMap((port) =>
      ['tcp', 'udp'].map((protocol) => output(`-p ${protocol} --dport ${port} -j RETURN`)),
    ),
    output(`-o lo -s ${source} -j RETURN`),
    ...config.proxyUids.flatMap((uid) => proxyRules(scope, 'uid', uid)),
    ...config.proxyGids.flatMap((gid) => proxyRules(scope, 'gid', gid)),
    ...ownerGroupRules(scope),
    ...(scope.isDns ? dnsRules(scope) : []),
    output(`-d ${loopback} -j RETURN`),
    ...scope.excludeCidrs.map((cidr) => output(`-d ${cidr} -j RETURN`)),
    ...config.includeOutboundPorts.map((port) =>
      output(`-p tcp --dport ${port} -j ISTIO_REDIRECT`),
    ),
    ...includeRules(scope),
  ]
}

function output(text: string): IstioRule {
  return append('nat', 'ISTIO_OUTPUT', text)
}

/** Steps 9 and 10: the proxy calls its own pod, the application calls itself, the proxy leaves. */
function proxyRules(scope: Scope, kind: 'uid' | 'gid', id: string): readonly IstioRule[] {
  const { config, loopback, isDns } = scope
  // Only users are spared for DNS: with a group, Istio sends the proxy's DNS to itself.
  const ports =
    isDns && kind === 'uid'
      ? `-m multiport ! --dports 53,${config.tunnelPort}`
      : `! --dport ${config.tunnelPort}`
  const self = isDns ? '-o lo -p tcp ! --dport 53' : '-o lo'
  return [
    output(
      `-o lo ! -d ${loopback} -p tcp ${ports} -m owner --${kind}-owner ${id} -j ISTIO_IN_REDIRECT`,
    ),
    ...(scope.isLoopbackCaptured
      ? []
      : [output(`${self} -m owner ! --${kind}-owner ${id} -j RETURN`)]),
    output(`-m owner --${kind}-owner ${id} -j RETURN`),
  ]
}

/** Step 11: an empty list of groups captures nobody, with one rule that everybody meets. */
function ownerGroupRules({ config }: Scope): readonly IstioRule[] {
  const { includeOwnerGroups: included, excludeOwnerGroups } = config
  if (included === '*') {
    return excludeOwnerGroups.map((group) => output(`-m owner --gid-owner ${group} -j RETURN`))
  }
  return [
    output([...included.map((group) => `-m owner ! --gid-owner ${group}`), '-j RETURN'].join(' ')),
  ]
}

/** Step 16: each inserted rule goes before the ones that were inserted before it. */
function includeRules({ config, includeCidrs }: Scope): readonly IstioRule[] {
  const guests = (condition: string): IstioRule[] =>
    config.virtualInterfaces.map((name) =>
      insert('nat', 'PREROUTING', 1, `-i ${name} ${condition}-j ISTIO_REDIRECT`),
    )
  if (includeCidrs === '*') return [output('-j ISTIO_REDIRECT'), ...guests('')]
  return includeCidrs.flatMap((cidr) => [
    ...guests(`-d ${cidr} `),
    output(`-d ${cidr} -j ISTIO_REDIRECT`),
  ])
}
