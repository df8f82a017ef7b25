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
   * `captured` goes to a port of the proxy, `passed` goes where it wanted to; `unknown` met a rule
   * that this package never writes.
   */
  readonly verdict: 'captured' | 'passed' | 'unknown'
  /** Port of the proxy, when captured. */
  readonly port?: number
  /** The rules that took the packet, in order. */
  readonly steps: readonly Step[]
}

/** Most rules that one packet can meet: more means that chains lead back to themselves. */
const mostSteps = 1000

/**
 * Walks the first packet of a connection through the rules: through a plan, or through what
 * `parseSave` or `parseNftDump` read from the kernel.
 */
export function explain(rules: RuleSet, packet: Packet): Explanation {
  const walk: Walk = { rules, packet, steps: [], sets: new Map(rules.sets.map((s) => [s.name, s])) }
  const hook = packet.direction === 'inbound' ? 'prerouting' : 'output'
  for (const table of ['raw', 'mangle', 'nat', 'filter'] as const) {
    for (const chain of rules.chains.filter((one) => one.table === table && one.hook === hook)) {
      const end = walkChain(walk, chain)
      if (end?.kind === 'redirect')
        return { verdict: 'captured', port: end.port, steps: walk.steps }
      if (end?.kind === 'unknown') return { verdict: 'unknown', steps: walk.steps }
    }
  }
  return { verdict: 'passed', steps: walk.steps }
}

interface Walk {
  readonly rules: RuleSet
  readonly packet: Packet
  readonly sets: ReadonlyMap<string, RuleSet['sets'][number]>
  readonly steps: Step[]
}

type End = Extract<Verdict, { kind: 'redirect' | 'unknown' }> | undefined

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
    if (verdict.kind === 'return') return undefined
    if (verdict.kind !== 'jump') return verdict
    const end = walkChain(walk, chainNamed(walk.rules, chain.table, verdict.chain))
    if (end !== undefined) return end
  }
  return undefined
}

function chainNamed(rules: RuleSet, table: Chain['table'], name: Chain['name']): Chain {
  const chain = rules.chains.find((one) => one.table === table && one.name === name)
  if (chain !== undefined) return chain
  throw new IptablesError('ruleset-invalid', `rule leads to chain ${name}, which does not exist`)
}
