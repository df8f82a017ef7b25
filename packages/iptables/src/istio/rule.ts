import { type TableName } from '../model/rule-set.ts'

/** One rule as `istio-iptables` writes it: a table, a chain, a place and words. */
export interface IstioRule {
  readonly table: TableName
  readonly chain: string
  /** Place in the chain, from 1, when the rule is inserted; absent when it is appended. */
  readonly place?: number
  /** Conditions and target, as they stand behind the chain on the command line. */
  readonly words: readonly string[]
}

/** A rule at the end of a chain. */
export function append(table: TableName, chain: string, text: string): IstioRule {
  return { table, chain, words: text.split(' ') }
}

/** A rule at a place of a chain. */
export function insert(table: TableName, chain: string, place: number, text: string): IstioRule {
  return { table, chain, place, words: text.split(' ') }
}

/** Mark of what the proxy sends to the pod's own address, so that it is not diverted again. */
export const outboundMark = 1338

/** Port on which the agent takes DNS. */
export const dnsPort = 15_053
