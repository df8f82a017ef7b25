import { type ChainName, type TableName } from './rule-set.ts'

/** Every chain that this package can make. */
const chainNames: readonly ChainName[] = [
  'prerouting',
  'output',
  'inbound',
  'outbound',
  'virtual',
  'dns',
  'capture-inbound',
  'capture-outbound',
]

const tableNames: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter']

/** Every chain of iptables whose name begins like this is ours. */
export const iptablesPrefix = 'PROXY_SC_'

/** The name of a chain in iptables, as `PROXY_SC_CAPTURE_INBOUND`. */
export function iptablesChain(name: ChainName): string {
  return `${iptablesPrefix}${name.toUpperCase().replaceAll('-', '_')}`
}

/** The name of a chain in our nf_tables table, as `nat_capture_inbound`. */
export function nftChain(table: TableName, name: ChainName): string {
  return `${table}_${name.replaceAll('-', '_')}`
}

const fromIptables = new Map(chainNames.map((name) => [iptablesChain(name), name]))

const fromNft = new Map(
  tableNames.flatMap((table) =>
    chainNames.map((name) => [nftChain(table, name), { table, name }] as const),
  ),
)

/** The chain that iptables knows by this name; undefined when it is none of ours. */
export function chainOfIptables(name: string): ChainName | undefined {
  return fromIptables.get(name)
}

/** The chain that our nf_tables table knows by this name; undefined when we make no such chain. */
export function chainOfNft(name: string): { table: TableName; name: ChainName } | undefined {
  return fromNft.get(name)
}

/** Whether the text names a table of iptables. */
export function isTableName(text: string): text is TableName {
  return (tableNames as readonly string[]).includes(text)
}
