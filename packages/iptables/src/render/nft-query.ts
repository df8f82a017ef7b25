import { attribute, flag, nfTables, nftMessage, protocolFamily } from '../netlink/constants.ts'
import { NetlinkWriter } from '../netlink/writer.ts'
import { nftTable } from './nft-names.ts'

/** What can be asked of nf_tables. */
export type NftQuery = 'tables' | 'chains' | 'sets' | 'rules' | { readonly elementsOf: string }

/** The request for all there is of one kind, in tables of family inet. */
export function renderNftQuery(query: NftQuery, sequence: number): Uint8Array {
  const writer = new NetlinkWriter()
  const message = typeof query === 'string' ? messages[query] : nftMessage.getSetElement
  writer.message(
    {
      type: (nfTables << 8) | message,
      flags: flag.request | flag.dump,
      sequence,
      family: protocolFamily.inet,
    },
    () => {
      if (query === 'rules') writer.text(attribute.rule.table, nftTable)
      if (query === 'sets') writer.text(attribute.set.table, nftTable)
      if (typeof query === 'string') return
      writer.text(attribute.elements.table, nftTable)
      writer.text(attribute.elements.set, query.elementsOf)
    },
  )
  return writer.take()
}

const messages = {
  tables: nftMessage.getTable,
  chains: nftMessage.getChain,
  sets: nftMessage.getSet,
  rules: nftMessage.getRule,
} as const
