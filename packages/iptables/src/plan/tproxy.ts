import { type Match } from '../model/match.ts'
import { type Chain, type Rule } from '../model/rule-set.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { capturedInbound, skipTunnel } from './inbound.ts'
import { tcp } from './protocols.ts'
import { type SetCollector } from './sets.ts'
import { fromVirtualInterface } from './virtual.ts'

const leave = { kind: 'return' } as const

/** Whether any inbound connection is captured by TPROXY. */
export function usesTproxy(spec: RedirectSpec): boolean {
  const { mode, includeInboundPorts: include, excludeInboundPorts: exclude } = spec
  if (mode !== 'TPROXY') return false
  return include === '*' || include.some((port) => !exclude.includes(port))
}

/** The packets by which the proxy reaches the application from the client's address. */
export function markedByProxy(spec: RedirectSpec): Match {
  return { kind: 'mark', values: [spec.tproxyMark], negate: false }
}

/** The way of inbound packets into the chain of TPROXY, behind what is decided before. */
export function tproxyEntry(spec: RedirectSpec, sets: SetCollector): Rule[] {
  if (!usesTproxy(spec)) return []
  const { families } = spec
  const virtual = fromVirtualInterface(spec, sets)
  const skip: Rule[] =
    virtual === undefined
      ? []
      : [{ name: 'skip-virtual-interfaces', families, match: [virtual], verdict: leave }]
  const verdict = { kind: 'jump', chain: 'inbound' } as const
  return [...skip, { name: 'to-inbound', families, match: [tcp], verdict }]
}

/** Inbound connections that keep their addresses, and the way back of the application's answers. */
export function tproxyChains(spec: RedirectSpec, sets: SetCollector): Chain[] {
  if (!usesTproxy(spec)) return []
  const { families, tproxyMark: mark, inboundPort: port } = spec
  const rule = (name: string, match: readonly Match[], verdict: Rule['verdict']): Rule => ({
    name,
    families,
    match: [tcp, ...match],
    verdict,
  })
  const connection: Match = { kind: 'connection-mark', values: [mark], negate: false }
  const loopback: Match = { kind: 'in-interface', values: ['lo'], negate: false }
  const known: Match = { kind: 'connection-state', states: ['established', 'related'] }
  const inbound: Rule[] = [
    skipTunnel(spec),
    // The answers to these go to the client's address, and have to come back to the proxy.
    rule('save-proxy-mark', [markedByProxy(spec)], { kind: 'save-mark' }),
    rule('skip-own-traffic', [loopback], leave),
    rule('mark-captured', [{ kind: 'transparent-socket' }], { kind: 'set-mark', mark }),
    // Answers to what the pod asked belong to sockets that are not transparent.
    rule('skip-known-connections', [known], leave),
    ...capturedInbound(spec, sets),
  ]
  const capture: Rule[] = [
    rule('tproxy-inbound', [], { kind: 'tproxy', port, mark }),
    rule('drop-without-proxy', [], { kind: 'drop' }),
  ]
  const output = [rule('restore-proxy-mark', [connection], { kind: 'restore-mark' })]
  return [
    { table: 'mangle', name: 'inbound', rules: inbound },
    { table: 'mangle', name: 'capture-inbound', rules: capture },
    { table: 'mangle', name: 'output', hook: 'output', rules: output },
  ]
}
