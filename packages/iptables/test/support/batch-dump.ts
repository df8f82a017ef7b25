import { type NftDump, renderNftBatch, type RuleSet } from '../../src/index.ts'
import { attribute, nftMessage } from '../../src/netlink/constants.ts'
import { readAttributes, readMessages, textIn } from '../../src/netlink/reader.ts'

/**
 * A batch, sorted as a dump would be: the kernel answers with the messages it was sent, if it does
 * what it was told.
 */
export function dumpOfBatch(rules: RuleSet): NftDump {
  const messages = readMessages(renderNftBatch(rules).messages)
  const payloads = (type: number): Uint8Array[] =>
    messages.filter((one) => one.type === (10 << 8) + type).map(({ payload }) => payload)
  const elements = new Map<string, Uint8Array[]>()
  for (const payload of payloads(nftMessage.newSetElement)) {
    const set = textIn(readAttributes(payload.subarray(4)), attribute.elements.set) ?? ''
    elements.set(set, [...(elements.get(set) ?? []), payload])
  }
  return {
    tables: payloads(nftMessage.newTable),
    chains: payloads(nftMessage.newChain),
    sets: payloads(nftMessage.newSet),
    rules: payloads(nftMessage.newRule),
    elements,
  }
}
