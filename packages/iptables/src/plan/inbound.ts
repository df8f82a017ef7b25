import { type Match } from '../model/match.ts'
import { type Chain, type Rule } from '../model/rule-set.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { excludedInterfacesIn } from './interfaces.ts'
import { tcp } from './protocols.ts'
import { usesTproxy } from './tproxy.ts'
import { type SetCollector } from './sets.ts'
import { virtualEntry } from './virtual.ts'

/** The chains for connections that reach the pod, and the redirection to the inbound port. */
export function inboundChains(spec: RedirectSpec, sets: SetCollector): Chain[] {
  const { families } = spec
  const rule = (name: string, match: readonly Match[], verdict: Rule['verdict']): Rule => ({
    name,
    families,
    match,
    verdict,
  })
  const redirect = rule('redirect-inbound', [tcp], { kind: 'redirect', port: spec.inboundPort })
  const capture: Chain = { table: 'nat', name: 'capture-inbound', rules: [redirect] }
  const captured = usesTproxy(spec) ? [] : capturedInbound(spec, sets)
  const entry = [...virtualEntry(spec, sets)]
  if (captured.length > 0) {
    entry.push(...excludedInterfacesIn(spec, sets))
    entry.push(rule('to-inbound', [tcp], { kind: 'jump', chain: 'inbound' }))
  }
  const prerouting: Chain = { table: 'nat', name: 'prerouting', hook: 'prerouting', rules: entry }
  if (captured.length === 0) return entry.length === 0 ? [capture] : [prerouting, capture]

  return [
    prerouting,
    { table: 'nat', name: 'inbound', rules: [skipTunnel(spec), ...captured] },
    capture,
  ]
}

/** Tunnels of other proxies reach the proxy as they are. */
export function skipTunnel({ families, tunnelPort }: RedirectSpec): Rule {
  const match: Match[] = [tcp, { kind: 'destination-port', values: [tunnelPort], negate: false }]
  return { name: 'skip-tunnel-port', families, match, verdict: { kind: 'return' } }
}

/** The rules that send captured ports to the redirection; none when nothing is captured. */
export function capturedInbound(spec: RedirectSpec, sets: SetCollector): Rule[] {
  const { families, includeInboundPorts: include, excludeInboundPorts: exclude } = spec
  const toCapture = { kind: 'jump', chain: 'capture-inbound' } as const
  if (include !== '*') {
    const ports = include.filter((port) => !exclude.includes(port))
    if (ports.length === 0) return []
    const values = sets.values('include_inbound_ports', 'port', ports)
    const match: Match[] = [tcp, { kind: 'destination-port', values, negate: false }]
    return [{ name: 'include-inbound-ports', families, match, verdict: toCapture }]
  }
  const all: Rule = { name: 'capture-inbound-rest', families, match: [tcp], verdict: toCapture }
  if (exclude.length === 0) return [all]
  const values = sets.values('exclude_inbound_ports', 'port', exclude)
  const match: Match[] = [tcp, { kind: 'destination-port', values, negate: false }]
  return [{ name: 'exclude-inbound-ports', families, match, verdict: { kind: 'return' } }, all]
}
