/** Numbers of linux/netlink.h, linux/netfilter/nfnetlink.h and linux/netfilter/nf_tables.h. */

/** Message types that every netlink family has. */
export const messageType = { error: 2, done: 3 } as const

/** Flags of a message header. */
export const flag = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  dumpInterrupted: 0x10,
  /** In a request for data: all of it. */
  dump: 0x300,
  /** In NLMSG_ERROR: the request is not repeated. */
  capped: 0x100,
  /** In NLMSG_ERROR: attributes follow. */
  ackAttributes: 0x200,
  /** In a request to make something: it must not be there. */
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
} as const

/** Attributes of NLMSG_ERROR. */
export const errorAttribute = { message: 1, offset: 2 } as const

/** Subsystem number of nf_tables, the upper byte of its message types. */
export const nfTables = 10

/** Frame of a transaction. */
export const batch = { begin: 0x10, end: 0x11 } as const

/** Message types of nf_tables, without the subsystem. */
export const nftMessage = {
  newTable: 0,
  getTable: 1,
  deleteTable: 2,
  newChain: 3,
  getChain: 4,
  deleteChain: 5,
  newRule: 6,
  getRule: 7,
  deleteRule: 8,
  newSet: 9,
  getSet: 10,
  deleteSet: 11,
  newSetElement: 12,
  getSetElement: 13,
  deleteSetElement: 14,
} as const

/** Protocol families of tables (linux/netfilter.h). */
export const protocolFamily = { inet: 1, ipv4: 2, ipv6: 10 } as const

/** Attributes, by message. */
export const attribute = {
  table: { name: 1, flags: 2 },
  chain: { table: 1, name: 3, hook: 4, policy: 5, type: 7 },
  hook: { number: 1, priority: 2 },
  rule: { table: 1, chain: 2, expressions: 4, userData: 7 },
  list: { element: 1 },
  expression: { name: 1, data: 2 },
  set: { table: 1, name: 2, flags: 3, keyType: 4, keyLength: 5, id: 10, userData: 13 },
  elements: { table: 1, set: 2, list: 3 },
  element: { key: 1, flags: 3 },
  data: { value: 1, verdict: 2 },
  verdict: { code: 1, chain: 2 },
  immediate: { register: 1, data: 2 },
  meta: { register: 1, key: 2, source: 3 },
  connection: { register: 1, key: 2, direction: 3, source: 4 },
  socket: { key: 1, register: 2 },
  tproxy: { family: 1, address: 2, port: 3 },
  compare: { register: 1, operation: 2, data: 3 },
  payload: { register: 1, base: 2, offset: 3, length: 4 },
  bitwise: { source: 1, register: 2, length: 3, mask: 4, xor: 5 },
  lookup: { set: 1, register: 2, flags: 5 },
  redirect: { portMin: 1, portMax: 2, flags: 3 },
} as const

/** Keys of `meta`. */
export const metaKey = {
  mark: 3,
  inInterface: 6,
  outInterface: 7,
  socketUid: 10,
  socketGid: 11,
  family: 15,
  protocol: 16,
} as const

/** Keys of `ct`. */
export const connectionKey = { state: 0, mark: 3, zone: 17 } as const

/** Bits of `ct state`. */
export const connectionStateBit = { invalid: 1, established: 2, related: 4 } as const

/** Keys of `socket`. */
export const socketKey = { transparent: 0 } as const

/** Where `payload` counts from. */
export const payloadBase = { network: 1, transport: 2 } as const

/** Operations of `cmp`. */
export const comparison = { equal: 0, notEqual: 1 } as const

/** Verdict codes. */
export const verdictCode = { drop: 0, accept: 1, jump: -3, return: -5 } as const

/** The register that takes the verdict, and the one that we compute in. */
export const register = { verdict: 0, first: 1 } as const

/** Flag of `lookup`: the value is not in the set. */
export const lookupInverted = 1

/** Flag of `redir`: the port is given (NF_NAT_RANGE_PROTO_SPECIFIED). */
export const portSpecified = 2

/** Flag of a set: its elements are ends of intervals. */
export const setInterval = 4

/** Flag of a set that belongs to one rule. */
export const setAnonymous = 1

/** Flag of an element: the interval ends before it. */
export const intervalEnd = 1

/** Hook numbers (linux/netfilter.h). */
export const hookNumber = { prerouting: 0, output: 3 } as const

/** Longest name of an interface, with the final NUL (IFNAMSIZ). */
export const interfaceNameSize = 16
