/** Refers to a {@link NamedSet} of the same rule set. */
export interface SetRef {
  /** Name of the set. */
  readonly set: string
}

/**
 * One condition of a rule; all conditions of a rule must hold. A list of values means "any of
 * them", `negate` means "none of them".
 */
export type Match =
  | ProtocolMatch
  | InterfaceMatch
  | AddressMatch
  | PortMatch
  | OwnerMatch
  | MarkMatch
  | ConnectionStateMatch
  | TransparentSocketMatch
  | UnknownMatch

/** The transport protocol. */
export interface ProtocolMatch {
  readonly kind: 'protocol'
  readonly protocol: 'tcp' | 'udp'
}

/** The name of the interface a packet came in by, or is about to leave by. */
export interface InterfaceMatch {
  readonly kind: 'in-interface' | 'out-interface'
  readonly values: readonly string[] | SetRef
  readonly negate: boolean
}

/** Source or destination address, as CIDRs of one family; the rule must name that family. */
export interface AddressMatch {
  readonly kind: 'source' | 'destination'
  readonly values: readonly string[] | SetRef
  readonly negate: boolean
}

/** Source or destination port; the rule must name the protocol too. */
export interface PortMatch {
  readonly kind: 'source-port' | 'destination-port'
  readonly values: readonly number[] | SetRef
  readonly negate: boolean
}

/** The user or the group that owns the sending socket; for locally made packets only. */
export interface OwnerMatch {
  readonly kind: 'owner-uid' | 'owner-gid'
  readonly values: readonly number[] | SetRef
  readonly negate: boolean
}

/** The mark of a packet (set by SO_MARK or by a rule), or of its connection; all 32 bits. */
export interface MarkMatch {
  readonly kind: 'mark' | 'connection-mark'
  readonly values: readonly number[] | SetRef
  readonly negate: boolean
}

/** What connection tracking thinks of a packet. */
export type ConnectionState = 'invalid' | 'established' | 'related'

/** Whether connection tracking thinks one of these things of the packet. */
export interface ConnectionStateMatch {
  readonly kind: 'connection-state'
  /** Sorted, without duplicates. */
  readonly states: readonly ConnectionState[]
}

/** Whether the packet belongs to a local socket that has IP_TRANSPARENT. */
export interface TransparentSocketMatch {
  readonly kind: 'transparent-socket'
}

/** A condition read from the kernel that this package never writes; compared as text. */
export interface UnknownMatch {
  readonly kind: 'unknown'
  readonly text: string
}
