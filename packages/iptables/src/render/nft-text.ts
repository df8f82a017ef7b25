import { IptablesError } from '../error.ts'
import { nftChain } from '../model/chain-names.ts'
import { type Chain, type NamedSet, type RuleSet } from '../model/rule-set.ts'
import { hookProperties } from './nft-batch.ts'
import { nftChanges, type NftChanges } from './nft-changes.ts'
import { nftTable } from './nft-names.ts'
import { ruleWords } from './nft-text-rule.ts'
import { setTypeWords, valueWords } from './nft-text-words.ts'

/** How a script for nft is written. */
export interface NftTextOptions {
  /** Whether each rule counts packets and bytes. Default true. */
  readonly counters?: boolean
  /**
   * What of ours the namespace has. Rules as they were read are replaced inside their chains, so
   * that every packet meets the old rules or the new ones. `anything` (the default) is replaced as
   * a table, during which a packet can pass in between. `nothing` is less work for the kernel,
   * which refuses the script (EEXIST) when it has our table after all.
   */
  readonly over?: 'anything' | 'nothing' | RuleSet
}

const table = `table inet ${nftTable}`
const noRules: RuleSet = { families: [], sets: [], chains: [] }

/**
 * The script for `nft -f` that makes a namespace have exactly these rules of ours, in one
 * transaction, as {@link renderNftBatch} does by netlink. No rules mean no table.
 */
export function renderNft(rules: RuleSet, options: NftTextOptions = {}): string {
  const { counters = true, over = 'anything' } = options
  if (rules.chains.length === 0) return over === 'nothing' ? '' : lines(replaceLines)
  const changes = nftChanges(rules, typeof over === 'object' ? over : noRules)
  const sets = new Map(rules.sets.map((set) => [set.name, set]))
  if (changes.onlyElements) return lines(elementLines(changes))
  return lines([
    ...(over === 'nothing' ? [`create ${table}`] : []),
    ...(over === 'anything' ? replaceLines : []),
    ...(typeof over === 'object' ? clearLines(changes) : []),
    ...elementLines(changes),
    `${table} {`,
    ...changes.newSets.flatMap((set) => setLines(set)),
    ...rules.chains.flatMap((chain) => [
      `\tchain ${nftChain(chain.table, chain.name)} {`,
      ...(changes.newChains.includes(chain) ? hookLines(chain) : []),
      ...chain.rules.map(
        (rule) => `\t\t${ruleWords(rule, { table: chain.table, sets, counters })}`,
      ),
      '\t}',
    ]),
    '}',
  ])
}

/** The script that adds sets to our table and leaves all else as it is. */
export function renderNftSets(sets: readonly NamedSet[]): string {
  return lines([`${table} {`, ...sets.flatMap((set) => setLines(set)), '}'])
}

/** Deleting what is not there would fail, adding what is there does not. */
const replaceLines = [`add ${table}`, `delete ${table}`]

/** Takes all rules away, which nothing else refers to, then what is not wanted any more. */
function clearLines({ staleChains, staleSets }: NftChanges): readonly string[] {
  return [
    `flush ${table}`,
    ...staleChains.map(
      (chain) => `delete chain inet ${nftTable} ${nftChain(chain.table, chain.name)}`,
    ),
    ...staleSets.map(({ name }) => `delete set inet ${nftTable} ${name}`),
  ]
}

/** Takes elements out of sets and puts others in. */
function elementLines({ changedSets }: NftChanges): readonly string[] {
  const line = (verb: string, { name, type, elements }: NamedSet): readonly string[] => {
    const values = elements.map((value) => valueWords(type, value)).join(', ')
    return values === '' ? [] : [`${verb} element inet ${nftTable} ${name} { ${values} }`]
  }
  return changedSets.flatMap(({ removed, added }) => [
    ...(removed === 'all' ? [`flush set inet ${nftTable} ${added.name}`] : line('delete', removed)),
    ...line('add', added),
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
