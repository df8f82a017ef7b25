import { type NetlinkTransport, type NftDump, type RuleSet } from '../../src/index.ts'
import { littleEndian } from '../../src/netlink/byte-order.ts'
import { flag, messageType, nftMessage } from '../../src/netlink/constants.ts'
import { readMessages } from '../../src/netlink/reader.ts'
import { dumpOfBatch } from './batch-dump.ts'

/** What a reading of the kernel can have wrong with it. */
export interface Trouble {
  /** Number of the generation that the answer is from. Default 1. */
  readonly generation?: number
  /** Whether the kernel says that the rules changed while it listed them. */
  readonly interrupted?: boolean
  /** Whether an answer to an older request comes along. */
  readonly stale?: boolean
}

/** A kernel that has these rules and can be asked for them; `trouble` is asked at each request. */
export function kernelOf(
  rules: RuleSet,
  trouble: (request: number) => Trouble,
): NetlinkTransport & { readonly requests: number } {
  const dump = dumpOfBatch(rules)
  const kernel = {
    requests: 0,
    exchange(messages: Uint8Array): Promise<Uint8Array[]> {
      const { generation = 1, interrupted = false, stale = false } = trouble(kernel.requests++)
      const [{ type, sequence } = { type: 0, sequence: 0 }] = readMessages(messages)
      const flags = flag.multi | (interrupted ? flag.dumpInterrupted : 0)
      const answers = payloadsFor(dump, type & 0xff).map((payload) => {
        const copy = payload.slice()
        new DataView(copy.buffer).setUint16(2, generation)
        return messageOf({ type: (type & 0xff00) | ((type & 0xff) - 1), flags, sequence }, copy)
      })
      const done = messageOf({ type: messageType.done, flags, sequence }, new Uint8Array(4))
      const refusal = new Uint8Array(20)
      new DataView(refusal.buffer).setInt32(0, -22, littleEndian)
      const old = messageOf({ type: messageType.error, flags: 0, sequence: 4_000_000_000 }, refusal)
      return Promise.resolve([...(stale ? [old] : []), ...answers, done])
    },
  }
  return kernel
}

function payloadsFor(dump: NftDump, request: number): readonly Uint8Array[] {
  switch (request) {
    case nftMessage.getTable:
      return dump.tables.slice(0, 1)
    case nftMessage.getChain:
      return dump.chains
    case nftMessage.getSet:
      return dump.sets
    case nftMessage.getRule:
      return dump.rules
    default:
      return [...dump.elements.values()].flat()
  }
}

function messageOf(
  header: { type: number; flags: number; sequence: number },
  payload: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(16 + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length, littleEndian)
  view.setUint16(4, header.type, littleEndian)
  view.setUint16(6, header.flags, littleEndian)
  view.setUint32(8, header.sequence, littleEndian)
  bytes.set(payload, 16)
  return bytes
}
