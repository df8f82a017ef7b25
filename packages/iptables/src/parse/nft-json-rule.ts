import { sortMatches } from '../model/canonical.ts'
import { families, type Family } from '../model/family.ts'
import { type ConnectionState, type Match } from '../model/match.ts'
import { type Rule, type TableName } from '../model/rule-set.ts'
import { valueType } from '../render/nft-text-rule.ts'
import { meaningOfField } from '../render/nft-text-words.ts'
import { type JsonMatch, type JsonTagged, matchSchema } from './nft-json-schema.ts'
import { valueOfJson } from './nft-json-value.ts'
import { isVerdict, parseJsonVerdict } from './nft-json-verdict.ts'

/** What a list of expressions says. */
export type ParsedRule = Pick<Rule, 'families' | 'match' | 'verdict'>

/** What one condition says; `families` narrows, `match` adds. */
interface Meaning {
  readonly families?: readonly Family[]
  readonly match: readonly Match[]
}

/**
 * Reads the expressions of a rule back into conditions and verdict; `table` is the one that its
 * chain is for. Counters mean nothing; what this package never writes becomes an unknown condition
 * or verdict.
 */
export function parseJsonRule(expressions: readonly JsonTagged[], table?: TableName): ParsedRule {
  const all = expressions.filter((expression) => nameOf(expression) !== 'counter')
  const end = all.findIndex((expression) => isVerdict(nameOf(expression)))
  let rule: Omit<ParsedRule, 'verdict'> = { families, match: [] }
  for (const expression of end < 0 ? all : all.slice(0, end)) {
    const meaning = meaningOf(expression, rule.families) ?? unknown(JSON.stringify(expression))
    const added = meaning.match.filter((match) => !isRepeated(match, rule.match))
    rule = { families: meaning.families ?? rule.families, match: [...rule.match, ...added] }
  }
  if (end < 0) return finished(rule.families, rule.match, { kind: 'unknown', text: 'no verdict' })
  const rest = all.slice(end)
  const { verdict, length } = parseJsonVerdict(rest, rule.families, table)
  // The kernel never comes there: what is left may look like ours and say nothing.
  const behind = rest
    .slice(length)
    .flatMap((one) => unknown(`expression ${nameOf(one)} behind the verdict`).match)
  return finished(rule.families, [...rule.match, ...behind], verdict)
}

function finished(
  ruleFamilies: readonly Family[],
  match: readonly Match[],
  verdict: Rule['verdict'],
): ParsedRule {
  return { families: ruleFamilies, match: sortMatches(match), verdict }
}

function nameOf(expression: JsonTagged): string {
  return Object.keys(expression)[0] ?? ''
}

/** nft leaves the protocol out where a port says it; where both are said, it is still one. */
function isRepeated(match: Match, before: readonly Match[]): boolean {
  return (
    match.kind === 'protocol' &&
    before.some((one) => one.kind === 'protocol' && one.protocol === match.protocol)
  )
}

function unknown(text: string): Meaning {
  return { match: [{ kind: 'unknown', text }] }
}

function meaningOf(expression: JsonTagged, ruleFamilies: readonly Family[]): Meaning | undefined {
  const { data } = matchSchema.safeParse(expression['match'])
  if (data === undefined) return undefined
  const words = fieldOf(data.left)
  if (data.op === 'in') return words === 'ct state' ? stateMatch(data.right) : undefined
  if (data.op === '==') {
    switch (words) {
      case 'meta nfproto': {
        const family = families.find((one) => one === data.right)
        return family && inFamily(family, ruleFamilies, [])
      }
      case 'meta l4proto':
        return data.right === 'tcp' || data.right === 'udp'
          ? { match: [{ kind: 'protocol', protocol: data.right }] }
          : undefined
      case 'socket transparent':
        return data.right === 1 ? { match: [{ kind: 'transparent-socket' }] } : undefined
    }
  }
  return fieldMatch(words, data, ruleFamilies)
}

function fieldOf(left: JsonMatch['left']): string {
  if ('payload' in left) return `${left.payload.protocol} ${left.payload.field}`
  const [[name, { key }] = ['', { key: '' }]] = Object.entries(left)
  return `${name} ${key}`
}

function fieldMatch(
  words: string,
  { op, right }: JsonMatch,
  ruleFamilies: readonly Family[],
): Meaning | undefined {
  const meaning = meaningOfField(words)
  if (meaning === undefined) return undefined
  const { kind, family, protocol } = meaning
  const values = valuesOf(valueType(kind, family ?? 'ipv4'), right)
  if (values === undefined) return undefined
  const match: Match[] = protocol === undefined ? [] : [{ kind: 'protocol', protocol }]
  match.push({ kind, values, negate: op === '!=' } as Match)
  return family === undefined ? { match } : inFamily(family, ruleFamilies, match)
}

function stateMatch(right: unknown): Meaning | undefined {
  const list: readonly unknown[] = Array.isArray(right) ? right : [right]
  const known = ['invalid', 'established', 'related'] as const
  const states = known.filter((state) => list.includes(state)).sort() as ConnectionState[]
  if (states.length !== list.length) return undefined
  return { match: [{ kind: 'connection-state', states }] }
}

function inFamily(
  family: Family,
  ruleFamilies: readonly Family[],
  match: readonly Match[],
): Meaning | undefined {
  return ruleFamilies.includes(family) ? { families: [family], match } : undefined
}

function valuesOf(
  type: Parameters<typeof valueOfJson>[0],
  right: unknown,
): readonly (string | number)[] | { readonly set: string } | undefined {
  if (typeof right === 'string' && right.startsWith('@')) return { set: right.slice(1) }
  const value = valueOfJson(type, right)
  return value === undefined ? undefined : [value]
}
