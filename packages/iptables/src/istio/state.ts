import { IptablesError } from '../error.ts'
import { isTableName } from '../model/chain-names.ts'
import { type Family } from '../model/family.ts'
import { type TableName } from '../model/rule-set.ts'
import { splitWords } from '../parse/save-line.ts'
import { normalRule, type OwnerIds } from './normal-form.ts'
import { type IstioRule, outboundMark } from './rule.ts'

/** One rule of a chain. */
export interface ChainRule {
  /** One text per meaning. */
  readonly normal: string
  /** Words behind the chain, as they were written. */
  readonly text: string
}

/** Chains of one family and what is in them, by `<table> <chain>`. */
export type Chains = ReadonlyMap<string, readonly ChainRule[]>

/** The chains that rules lead to when they are loaded into a namespace that has none. */
export function chainsOf(rules: readonly IstioRule[], family: Family, ids: OwnerIds): Chains {
  const chains = new Map<string, ChainRule[]>()
  for (const { table, chain, place, words } of rules) {
    const key = `${table} ${chain}`
    const own = chains.get(key) ?? []
    chains.set(key, own)
    const entry = { normal: normalRule(words, family, ids), text: words.join(' ') }
    own.splice(place === undefined ? own.length : place - 1, 0, entry)
  }
  return chains
}

/** The chains that `iptables-save` printed. Throws `save-invalid` when it is something else. */
export function chainsOfSave(text: string, family: Family, ids: OwnerIds): Chains {
  const chains = new Map<string, ChainRule[]>()
  let table: TableName | 'other' | undefined
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('*')) {
      const name = line.slice(1).trim()
      table = isTableName(name) ? name : 'other'
    } else if (line === 'COMMIT') {
      table = undefined
    } else if (table !== undefined && line.startsWith(':')) {
      chains.set(`${table} ${line.slice(1).split(' ')[0] ?? ''}`, [])
    } else if (table !== undefined && line.startsWith('-A ')) {
      const [, chain = '', ...words] = splitWords(line)
      const entry = {
        normal: normalRule(words, family, ids),
        text: line.slice(`-A ${chain} `.length),
      }
      chains.get(`${table} ${chain}`)?.push(entry)
    } else {
      throw new IptablesError('save-invalid', `not a line of iptables-save: ${line.slice(0, 100)}`)
    }
  }
  return new Map([...chains].filter(([key]) => !key.startsWith('other ')))
}

/** Whether a chain, given as `<table> <chain>`, is one of Istio's. */
export function isIstioChain(key: string): boolean {
  return key.includes(' ISTIO_')
}

/** Whether only Istio makes such a rule: it leads to a chain of Istio's, or sets Istio's mark. */
export function isIstioRule({ normal }: ChainRule): boolean {
  return /-[jg] ISTIO_\w+$/.test(normal) || normal.endsWith(ownMark)
}

const ownMark = `-j MARK --set-xmark 0x${outboundMark.toString(16)}`
