import { type TableName } from '../model/rule-set.ts'
import { ownRules } from './compare.ts'
import { istioChains, istioLine, istioTables } from './restore.ts'
import { type IstioRule } from './rule.ts'
import { type Chains, isIstioChain } from './state.ts'

/**
 * The input for `iptables-restore --noflush` that makes a namespace have exactly these rules of
 * Istio's, whatever was there of them, in one transaction for each table. Rules of others stay, and
 * so do rules in the kernel's chains that are right already. Empty when there is nothing to do.
 * `mine` has rules in chains of the kernel that are to go although they lead to no chain of Istio's.
 */
export function renderIstioReplacement(
  rules: readonly IstioRule[],
  wanted: Chains,
  found: Chains,
  mine: Chains = wanted,
): string {
  return istioTables
    .map((table) => {
      const own = rules.filter((rule) => rule.table === table)
      return tableText(table, own, { wanted, found, mine })
    })
    .join('')
}

function tableText(
  table: TableName,
  rules: readonly IstioRule[],
  {
    wanted,
    found,
    mine,
  }: { readonly wanted: Chains; readonly found: Chains; readonly mine: Chains },
): string {
  const keys = [...found.keys()].filter((key) => key.startsWith(`${table} `))
  const names = istioChains(rules)
  const stale = keys
    .filter((key) => isIstioChain(key))
    .map((key) => nameOf(key))
    .filter((name) => !names.includes(name))
  // Rules of ours in chains of the kernel; where they are right they keep their place.
  const inKernel = keys
    .filter((key) => !isIstioChain(key))
    .map((key) => {
      const want = wanted.get(key) ?? []
      const have = ownRules(mine.get(key) ?? [], found.get(key) ?? [])
      const isRight = want.map(normalOf).join('\n') === have.map(normalOf).join('\n')
      return { name: nameOf(key), have, isRight }
    })
  const kept = inKernel.filter(({ isRight }) => isRight).map(({ name }) => name)
  const gone = inKernel
    .filter(({ isRight }) => !isRight)
    .flatMap(({ name, have }) => have.map(({ text }) => `-D ${name} ${text}`))
  if (names.length === 0 && stale.length === 0 && gone.length === 0) return ''
  const lines = [
    `*${table}`,
    // With --noflush, naming a chain here makes it, or empties the one that is there.
    ...[...names, ...stale].map((name) => `:${name} - [0:0]`),
    ...gone,
    ...rules.filter(({ chain }) => !kept.includes(chain)).map((rule) => istioLine(rule)),
    ...stale.map((name) => `-X ${name}`),
    'COMMIT',
  ]
  return `${lines.join('\n')}\n`
}

function nameOf(key: string): string {
  return key.slice(key.indexOf(' ') + 1)
}

function normalOf({ normal }: { readonly normal: string }): string {
  return normal
}
