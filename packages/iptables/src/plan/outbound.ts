import { cidrOf, covers } from '../model/cidr.ts'
import { type Family } from '../model/family.ts'
import { type Match } from '../model/match.ts'
import { type Chain, type Rule } from '../model/rule-set.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { capturedDestinations, excludedCidrs, excludedPorts } from './destinations.ts'
import { tcp } from './protocols.ts'
import { capturesDns, dnsEntry, dnsRedirects, domainPort } from './dns.ts'
import { excludedInterfacesOut } from './interfaces.ts'
import { proxyOwners, skipOtherOwners, skipProxy } from './owners.ts'
import { type SetCollector } from './sets.ts'
import { markedByProxy, usesTproxy } from './tproxy.ts'

const leave = { kind: 'return' } as const
const onLoopback: Match = { kind: 'out-interface', values: ['lo'], negate: false }

/** The chains for connections that the pod makes, and the redirection to the outbound port. */
export function outboundChains(spec: RedirectSpec, sets: SetCollector): Chain[] {
  const { families } = spec
  const entry = [...excludedInterfacesOut(spec, sets), ...dnsEntry(spec)]
  const verdict = { kind: 'jump', chain: 'outbound' } as const
  entry.push({ name: 'to-outbound', families, match: [tcp], verdict })

  const captured = capturedDestinations(spec, sets)
  const outbound = [
    ...excludedPorts(spec, sets),
    ...fromProxyAsClient(spec),
    ...fromProxyToApplication(spec),
    ...fromProxyToItself(spec, sets),
    ...decidedByOwner(spec, sets, captured),
    ...(captured.length === 0 ? [] : [...toLoopback(spec), ...excludedCidrs(spec, sets)]),
    ...captured,
  ]
  const to = { kind: 'redirect', port: spec.outboundPort } as const
  const redirect: Rule = { name: 'redirect-outbound', families, match: [tcp], verdict: to }
  return [
    { table: 'nat', name: 'output', hook: 'output', rules: entry },
    { table: 'nat', name: 'outbound', rules: outbound },
    ...(captured.length === 0
      ? []
      : [{ table: 'nat', name: 'capture-outbound', rules: [redirect] } as const]),
  ]
}

/** What is decided before the destination is looked at. */
function decidedByOwner(spec: RedirectSpec, sets: SetCollector, captured: readonly Rule[]): Rule[] {
  const toItself = fromApplicationToItself(spec)
  const proxy = skipProxy(spec, sets)
  if (!capturesDns(spec)) {
    return [...toItself, ...proxy, ...(captured.length === 0 ? [] : skipOtherOwners(spec, sets))]
  }
  // A DNS server may be the pod's own, at 127.0.0.53: queries are captured before that is skipped.
  return [...proxy, ...skipOtherOwners(spec, sets), ...dnsRedirects(spec, sets, tcp), ...toItself]
}

/** With TPROXY, the proxy hands a captured connection on from the address of the client. */
function fromProxyAsClient(spec: RedirectSpec): Rule[] {
  if (!usesTproxy(spec)) return []
  const match = [onLoopback, markedByProxy(spec)]
  return [{ name: 'skip-proxy-as-client', families: spec.families, match, verdict: leave }]
}

/** The proxy hands a captured inbound connection to the application from an address of its own. */
function fromProxyToApplication(spec: RedirectSpec): Rule[] {
  return perFamily(spec, (family) => {
    const source =
      family === 'ipv4' ? `${spec.inboundSourceIpv4}/32` : `${spec.inboundSourceIpv6}/128`
    return {
      name: 'skip-proxy-to-application',
      match: [onLoopback, { kind: 'source', values: [source], negate: false }],
      verdict: leave,
    }
  })
}

/**
 * The proxy calls a service that turns out to be its own pod: the call goes to its own inbound
 * side, as it would in any other pod. All owners come before any rule that leaves the chain:
 * otherwise the second owner's calls would pass by.
 */
function fromProxyToItself(spec: RedirectSpec, sets: SetCollector): Rule[] {
  const verdict = { kind: 'jump', chain: 'capture-inbound' } as const
  const own = capturesDns(spec) ? [domainPort, spec.tunnelPort] : [spec.tunnelPort]
  const ports = own.length === 1 ? own : sets.values('ports_of_proxy_to_itself', 'port', own)
  const tunnel: Match = { kind: 'destination-port', values: ports, negate: true }
  return proxyOwners(spec, sets).flatMap(({ label, match }) =>
    perFamily(spec, (family) => ({
      name: `proxy-${label}-to-itself`,
      match: [tcp, onLoopback, loopbackOf(spec, family, true), tunnel, match],
      verdict,
    })),
  )
}

/**
 * The application calls itself, by 127.0.0.1 or by the pod's address: no proxy between. Left out
 * when loopback addresses are to be captured by name.
 */
function fromApplicationToItself(spec: RedirectSpec): Rule[] {
  if (includesLoopback(spec)) return []
  const { families } = spec
  return [{ name: 'skip-application-to-itself', families, match: [onLoopback], verdict: leave }]
}

function toLoopback(spec: RedirectSpec): Rule[] {
  return perFamily(spec, (family) => ({
    name: 'skip-loopback',
    match: [loopbackOf(spec, family, false)],
    verdict: leave,
  }))
}

function loopbackOf(spec: RedirectSpec, family: Family, negate: boolean): Match {
  const values = [family === 'ipv4' ? spec.loopbackCidr : '::1/128']
  return { kind: 'destination', values, negate }
}

function includesLoopback(spec: RedirectSpec): boolean {
  if (spec.includeOutboundCidrs === '*') return false
  return spec.includeOutboundCidrs.some(
    (text) =>
      covers(cidrOf('127.0.0.0/8'), cidrOf(text)) || covers(cidrOf('::1/128'), cidrOf(text)),
  )
}

function perFamily(spec: RedirectSpec, make: (family: Family) => Omit<Rule, 'families'>): Rule[] {
  return spec.families.map((family) => {
    const rule = make(family)
    return { ...rule, name: `${rule.name}-${family}`, families: [family] }
  })
}
