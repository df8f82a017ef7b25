import { type Family } from '../model/family.ts'
import { type TableName } from '../model/rule-set.ts'
import { type IstioConfig } from './config.ts'
import { type IstioRule } from './rule.ts'
import { istioRules } from './rules.ts'

/** The order in which tables are written. */
export const istioTables: readonly TableName[] = ['filter', 'mangle', 'nat', 'raw']

/**
 * The text that `istio-iptables` hands to `iptables-restore --noflush` (`ip6tables-restore` for
 * IPv6) for this configuration, line by line. Empty for IPv6 unless `enableIpv6`. It makes chains
 * and therefore can be loaded once only.
 */
export function renderIstioRestore(config: IstioConfig, family: Family): string {
  const rules = istioRules(config, family)
  return istioTables
    .map((table) => ({ table, own: rules.filter((rule) => rule.table === table) }))
    .filter(({ own }) => own.length > 0)
    .map(({ table, own }) =>
      [
        `* ${table}`,
        ...istioChains(own).map((chain) => `-N ${chain}`),
        ...own.map((rule) => istioLine(rule)),
        'COMMIT\n',
      ].join('\n'),
    )
    .join('')
}

/** The chains of Istio that rules of one table need: those that hold rules, then others led to. */
export function istioChains(rules: readonly IstioRule[]): readonly string[] {
  const targets = rules.map(({ words }) => words.at(words.indexOf('-j') + 1) ?? '')
  const named = [...rules.map(({ chain }) => chain), ...targets]
  return [...new Set(named.filter((name) => name.startsWith('ISTIO_')))]
}

/** One rule as a line of `iptables-restore`. */
export function istioLine({ chain, place, words }: IstioRule): string {
  const head = place === undefined ? ['-A', chain] : ['-I', chain, String(place)]
  return [...head, ...words].join(' ')
}
