import { chainOfIptables } from '../model/chain-names.ts'
import { formatCidr, parseCidr } from '../model/cidr.ts'
import { nameOfComment } from '../model/comment.ts'
import { sortMatches } from '../model/canonical.ts'
import { type Family } from '../model/family.ts'
import { type Match } from '../model/match.ts'
import { type Rule, type Verdict } from '../model/rule-set.ts'

/** One `-A` line of `iptables-save`. */
export interface SavedRule {
  /** Name of the chain that it is in, as iptables has it. */
  readonly chain: string
  /** Target of `-j` or `-g`, as iptables has it; empty when there is none. */
  readonly target: string
  readonly rule: Rule
}

/** Splits a line at spaces; text in double quotes is one word, and `\` takes the next character. */
export function splitWords(line: string): string[] {
  const words = line.match(/"(?:\\.|[^"\\])*"|[^\s"]+/g) ?? []
  return words.map((word) =>
    word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, '$1') : word,
  )
}

/** Reads an `-A` line; what this package never writes becomes an unknown condition or verdict. */
export function parseSavedRule(line: string, family: Family): SavedRule {
  const words = splitWords(line)
  const chain = words[1] ?? ''
  const match: Match[] = []
  let comment: string | undefined
  let at = 2
  for (; at < words.length && words[at] !== '-j' && words[at] !== '-g'; at++) {
    const negate = words[at] === '!'
    if (negate) at++
    const option = words[at] ?? ''
    const value = words[at + 1] ?? ''
    if (option === '-m' && loaded.has(value) && !negate) at++
    else if (option === '--comment') {
      comment = value
      at++
    } else {
      const known = conditionOf(option, value, negate)
      match.push(known ?? { kind: 'unknown', text: `${negate ? '! ' : ''}${option}` })
      if (known !== undefined) at++
    }
  }
  const target = words[at + 1] ?? ''
  const name = nameOfComment(comment)
  const verdict = verdictOf(words.slice(at))
  return { chain, target, rule: { name, families: [family], match: sortMatches(match), verdict } }
}

/** Matches that only announce the options behind them. */
const loaded: ReadonlySet<string> = new Set(['tcp', 'udp', 'multiport', 'owner', 'comment'])

function conditionOf(option: string, value: string, negate: boolean): Match | undefined {
  switch (option) {
    case '-p':
      return (value === 'tcp' || value === 'udp') && !negate
        ? { kind: 'protocol', protocol: value }
        : undefined
    case '-i':
      return { kind: 'in-interface', values: [value], negate }
    case '-o':
      return { kind: 'out-interface', values: [value], negate }
    case '-s':
    case '-d': {
      const cidr = parseCidr(value)
      const kind = option === '-s' ? 'source' : 'destination'
      return cidr && { kind, values: [formatCidr(cidr)], negate }
    }
    case '--sport':
    case '--sports':
      return numbers(value, (values) => ({ kind: 'source-port', values, negate }))
    case '--dport':
    case '--dports':
      return numbers(value, (values) => ({ kind: 'destination-port', values, negate }))
    case '--uid-owner':
      return numbers(value, (values) => ({ kind: 'owner-uid', values, negate }))
    case '--gid-owner':
      return numbers(value, (values) => ({ kind: 'owner-gid', values, negate }))
    default:
      return undefined
  }
}

function numbers(text: string, make: (values: readonly number[]) => Match): Match | undefined {
  const parts = text.split(',')
  return parts.every((part) => /^\d+$/.test(part)) ? make(parts.map(Number)) : undefined
}

function verdictOf(words: readonly string[]): Verdict {
  const [flag, target = '', option, value = ''] = words
  if (flag === '-j') {
    if (target === 'RETURN' && words.length === 2) return { kind: 'return' }
    const chain = chainOfIptables(target)
    if (chain !== undefined && words.length === 2) return { kind: 'jump', chain }
    const isRedirect = target === 'REDIRECT' && option === '--to-ports' && /^\d+$/.test(value)
    if (isRedirect && words.length === 4) return { kind: 'redirect', port: Number(value) }
  }
  return { kind: 'unknown', text: words.join(' ') || 'no verdict' }
}
