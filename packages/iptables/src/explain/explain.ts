import { IptablesError } from '../error.ts'
import { describeRule } from '../model/describe.ts'
import { type Chain, type RuleSet, type Verdict } from '../model/rule-set.ts'
import { ruleTakes } from './match.ts'
import { type Packet } from './packet.ts'

/** A rule that took the packet. */
export interface Step {
  /** Chain as `nat output`. */
  readonly chain: string
  /** Name of the rule. */
  readonly rule: string
  /** The rule in words. */
  readonly words: string
}

/** What becomes of a packet. */
export interface Explanation {
  /**
   * `captured` goes to a port of the proxy, `passed` goes where it wanted to, `dropped` goes
   * nowhere; `unknown` met a rule that this package never writes.
   */
  readonly verdict: 'captured' | 'passed' | 'dropped' | 'unknown'
  /** Port of the proxy, when captured. */
  readonly port?: number
  /** The rules that took the packet, in order. */
  readonly steps: readonly Step[]
}

/** Most rules that one packet can meet: more means that chains lead back to themselves. */
const mostSteps = 1000

/**
 * Walks a packet through the rules: through a plan, or through what `parseSave` or `parseNftDump`
 * read from the kernel. Only the first packet of a connection meets the rules of table `nat`, and
 * a captured one has a listener.
 */
export function explain(rules: RuleSet, packet: Packet): Explanation {
  const walk: Walk = { rules, packet, steps: [], sets: new Map(rules.sets.map((s) => [s.name, s])) }
  const hook = packet.direction === 'inbound' ? 'prerouting' : 'output'
  for (const table of ['raw', 'mangle', 'nat', 'filter'] as const) {
    if (table === 'nat' && isKnownConnection(packet)) continue
    for (const chain of rules.chains.filter((one) => one.table === table && one.hook === hook)) {
      const end = walkChain(walk, chain)
      const { steps } = walk
      switch (end?.kind) {
        case 'redirect':
        case 'tproxy':
          return { verdict: 'captured', port: end.port, steps }
        case 'drop':
          return { verdict: 'dropped', steps }
        case 'unknown':
          return { verdict: 'unknown', steps }
        case undefined:
      }
    }
  }
  return { verdict: 'passed', steps: walk.steps }
}

/** Translation of addresses is decided by the first packet, and does not see invalid ones. */
function isKnownConnection({ connectionState = 'new' }: Packet): boolean {
  return connectionState === 'established' || connectionState === 'invalid'
}

interface Walk {
  readonly rules: RuleSet
  /** The packet with what the rules so far have done to it. */
  packet: Packet
  readonly sets: ReadonlyMap<string, RuleSet['sets'][number]>
  readonly steps: Step[]
}

type End = Extract<Verdict, { kind: 'redirect' | 'tproxy' | 'drop' | 'unknown' }> | undefined

function walkChain(walk: Walk, chain: Chain): End {
  for (const rule of chain.rules) {
    const takes = ruleTakes(rule, walk.packet, walk.sets)
    if (takes === false) continue
    const words = describeRule(rule)
    walk.steps.push({ chain: `${chain.table} ${chain.name}`, rule: rule.name, words })
    if (walk.steps.length > mostSteps) {
      throw new IptablesError('ruleset-invalid', `chain ${chain.name} leads back to itself`)
    }
    if (takes === undefined) return { kind: 'unknown', text: words }
    const { verdict } = rule
    switch (verdict.kind) {
      case 'return':
        return undefined
      case 'jump': {
        const end = walkChain(walk, chainNamed(walk.rules, chain.table, verdict.chain))
        if (end !== undefined) return end
        break
      }
      case 'set-mark':
        walk.packet = { ...walk.packet, mark: verdict.mark }
        break
      case 'save-mark':
        walk.packet = { ...walk.packet, connectionMark: walk.packet.mark ?? 0 }
        break
      case 'restore-mark':
        walk.packet = { ...walk.packet, mark: walk.packet.connectionMark ?? 0 }
        break
      case 'zone':
        break
      default:
        return verdict
    }
  }
  return undefined
}

function chainNamed(rules: RuleSet, table: Chain['table'], name: Chain['name']): Chain {
  const chain = rules.chains.find((one) => one.table === table && one.name === name)
  if (chain !== undefined) return chain
  throw new IptablesError('ruleset-invalid', `rule leads to chain ${name}, which does not exist`)
}
