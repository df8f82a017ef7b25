import { type Family } from './family.ts'
import { type Match } from './match.ts'

/** The table a chain belongs to, as in iptables. */
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter'

/** Where packets enter a chain. */
export type Hook = 'prerouting' | 'output'

/**
 * Our chains, by what they are for:
 * - `prerouting`, `output`: where packets enter.
 * - `inbound`: which of the connections to the pod are captured.
 * - `outbound`: which of the connections from the pod are captured.
 * - `virtual`: which of the connections from machines behind an interface of the pod are captured.
 * - `dns`: which of the pod's DNS queries by UDP are captured.
 * - `capture-inbound`, `capture-outbound`: the redirections themselves.
 */
export type ChainName =
  | 'prerouting'
  | 'output'
  | 'inbound'
  | 'outbound'
  | 'virtual'
  | 'dns'
  | 'capture-inbound'
  | 'capture-outbound'

/** What happens to a packet that a rule matches. */
export type Verdict =
  /** Leave this chain; leaving the first chain means "not captured". */
  | { readonly kind: 'return' }
  /** Go on in another chain and come back when that one has no verdict. */
  | { readonly kind: 'jump'; readonly chain: ChainName }
  /** Change the destination to this machine and the given port. */
  | { readonly kind: 'redirect'; readonly port: number }
  /**
   * Hand the packet, as it is, to the transparent socket that listens on the port, and mark it so
   * that it is routed to this machine. Without such a socket iptables drops the packet, and
   * nf_tables goes on with the next rule.
   */
  | { readonly kind: 'tproxy'; readonly port: number; readonly mark: number }
  /** Throw the packet away. */
  | { readonly kind: 'drop' }
  /** Give the packet a mark and go on with the next rule. */
  | { readonly kind: 'set-mark'; readonly mark: number }
  /** Give the connection the packet's mark and go on with the next rule. */
  | { readonly kind: 'save-mark' }
  /** Give the packet the connection's mark, which may route it anew, and go on. */
  | { readonly kind: 'restore-mark' }
  /** Track the packet's connection in a zone of its own, unless one was chosen, and go on. */
  | { readonly kind: 'zone'; readonly zone: number }
  /** Read from the kernel, never written by this package; compared as text. */
  | { readonly kind: 'unknown'; readonly text: string }

/** One rule. */
export interface Rule {
  /** Names the rule within its chain; the comment in the kernel is `proxy/<name>`. */
  readonly name: string
  /** Families the rule is for. */
  readonly families: readonly Family[]
  /** Conditions, all of which must hold; empty matches every packet of the families. */
  readonly match: readonly Match[]
  /** What happens then. */
  readonly verdict: Verdict
}

/** One chain of ours. */
export interface Chain {
  readonly table: TableName
  readonly name: ChainName
  /** Set when packets enter here; other chains are jumped to. */
  readonly hook?: Hook
  readonly rules: readonly Rule[]
}

/** What the elements of a set are. */
export type SetType = 'port' | 'ipv4-cidr' | 'ipv6-cidr' | 'interface' | 'uid' | 'gid' | 'mark'

/** A list of values that rules refer to by name, and that can grow without growing the rules. */
export interface NamedSet {
  /** Unique in the rule set; at most 31 letters, digits and `_`. */
  readonly name: string
  readonly type: SetType
  /** Sorted, without duplicates; CIDRs are disjoint. */
  readonly elements: readonly (string | number)[]
}

/** Packets with the mark are delivered to this machine, by an `ip rule` and a routing table. */
export interface PolicyRouting {
  readonly mark: number
  readonly table: number
}

/** The whole redirection of one network namespace, as data: the same for every back end. */
export interface RuleSet {
  /** Families that are captured; rules of other families do not occur. */
  readonly families: readonly Family[]
  readonly sets: readonly NamedSet[]
  readonly chains: readonly Chain[]
  /** What the rules need of routing, in the same families; absent when they need nothing. */
  readonly routing?: PolicyRouting
}
