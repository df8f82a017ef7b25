import { IptablesError } from '../error.ts'
import { nftChain } from '../model/chain-names.ts'
import { type Chain, type NamedSet, type RuleSet } from '../model/rule-set.ts'
import { hookProperties } from './nft-batch.ts'
import { nftTable } from './nft-names.ts'
import { ruleWords } from './nft-text-rule.ts'
import { setTypeWords, valueWords } from './nft-text-words.ts'

/** How a script for nft is written. */
export interface NftTextOptions {
  /** Whether each rule counts packets and bytes. Default true. */
  readonly counters?: boolean
  /**
   * What of ours the namespace has: `anything` (the default) is replaced; `nothing` is less work
   * for the kernel, which refuses the script (EEXIST) when it has our table after all.
   */
  readonly over?: 'anything' | 'nothing'
}

/**
 * The script for `nft -f` that makes a namespace have exactly these rules of ours, in one
 * transaction, as {@link renderNftBatch} does by netlink. No rules mean no table.
 */
export function renderNft(rules: RuleSet, options: NftTextOptions = {}): string {
  const { counters = true, over = 'anything' } = options
  const table = `table inet ${nftTable}`
  const sets = new Map(rules.sets.map((set) => [set.name, set]))
  const before = over === 'nothing' ? [`create ${table}`] : [`add ${table}`, `delete ${table}`]
  if (rules.chains.length === 0) return over === 'nothing' ? '' : lines(before)
  return lines([
    ...before,
    `${table} {`,
    ...rules.sets.flatMap((set) => setLines(set)),
    ...rules.chains.flatMap((chain) => [
      `\tchain ${nftChain(chain.table, chain.name)} {`,
      ...hookLines(chain),
      ...chain.rules.map(
        (rule) => `\t\t${ruleWords(rule, { table: chain.table, sets, counters })}`,
      ),
      '\t}',
    ]),
    '}',
  ])
}

function hookLines(chain: Chain): readonly string[] {
  if (chain.hook === undefined) return []
  const { type, priority } = hookProperties(chain)
  return [`\t\ttype ${type} hook ${chain.hook} priority ${priority}; policy accept;`]
}

function setLines(set: NamedSet): readonly string[] {
  if (!/^[a-z0-9_]{1,31}$/.test(set.name)) {
    throw new IptablesError('ruleset-invalid', `${set.name} is not a name for a set`)
  }
  const { type, interval } = setTypeWords[set.type]
  const values = set.elements.map((value) => valueWords(set.type, value))
  return [
    `\tset ${set.name} {`,
    `\t\ttype ${type}`,
    ...(interval ? ['\t\tflags interval'] : []),
    ...(values.length === 0 ? [] : [`\t\telements = { ${values.join(', ')} }`]),
    '\t}',
  ]
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
