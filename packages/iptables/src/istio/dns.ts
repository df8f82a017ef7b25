import { append, dnsPort, type IstioRule } from './rule.ts'
import { type Scope } from './scope.ts'

/** What the proxy asks, and what it answers, are tracked apart from what the application asks. */
const proxyZone = 1
const applicationZone = 2

/** Step 12: DNS goes to the agent, and each side of it has a zone of connection tracking. */
export function dnsRules(scope: Scope): readonly IstioRule[] {
  const { config, dnsServers } = scope
  const isAll = config.captureAllDns
  const hasServers = isAll || dnsServers.length > 0
  // One rule for everybody, or one for each server.
  const perServer = <T>(make: (server: string | undefined) => readonly T[]): readonly T[] =>
    isAll ? make(undefined) : dnsServers.flatMap(make)
  const to = (server: string | undefined): string => (server === undefined ? '' : ` -d ${server}`)
  const from = (server: string | undefined): string => (server === undefined ? '' : ` -s ${server}`)
  const redirect = (protocol: string, option: string): readonly IstioRule[] =>
    perServer((server) => [
      append(
        'nat',
        'ISTIO_OUTPUT_DNS',
        `-p ${protocol} --dport 53${to(server)} -j REDIRECT ${option} ${dnsPort}`,
      ),
    ])
  const zone = (chain: string, text: string, number: number): IstioRule =>
    append('raw', chain, `-p udp ${text} -j CT --zone ${number}`)
  const proxyZones = (kind: 'uid' | 'gid', id: string): readonly IstioRule[] => [
    zone('ISTIO_OUTPUT_DNS', `--dport 53 -m owner --${kind}-owner ${id}`, proxyZone),
    zone('ISTIO_OUTPUT_DNS', `--sport ${dnsPort} -m owner --${kind}-owner ${id}`, applicationZone),
  ]
  return [
    append('raw', 'OUTPUT', '-j ISTIO_OUTPUT_DNS'),
    ...(hasServers ? [append('nat', 'ISTIO_OUTPUT', '-j ISTIO_OUTPUT_DNS')] : []),
    ...redirect('tcp', '--to-ports'),
    ...redirect('udp', '--to-port'),
    ...config.proxyUids.flatMap((uid) => proxyZones('uid', uid)),
    ...config.proxyGids.flatMap((gid) => proxyZones('gid', gid)),
    ...(hasServers ? [append('raw', 'PREROUTING', '-j ISTIO_INBOUND')] : []),
    ...perServer((server) => [
      zone('ISTIO_OUTPUT_DNS', `--dport 53${to(server)}`, applicationZone),
      zone('ISTIO_INBOUND', `--sport 53${from(server)}`, proxyZone),
    ]),
  ]
}
