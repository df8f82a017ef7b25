import { chainOfIptables } from '../model/chain-names.ts'
import { formatCidr, parseCidr } from '../model/cidr.ts'
import { nameOfComment } from '../model/comment.ts'
import { sortMatches } from '../model/canonical.ts'
import { type Family } from '../model/family.ts'
import { type Match, type OwnerMatch, type PortMatch } from '../model/match.ts'
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
  // The mark of a packet and that of its connection have the same option, each behind its module.
  let module = ''
  let at = 2
  for (; at < words.length && words[at] !== '-j' && words[at] !== '-g'; at++) {
    const negate = words[at] === '!'
    if (negate) at++
    const option = words[at] ?? ''
    const value = words[at + 1] ?? ''
    if (option === '-m' && loaded.has(value) && !negate) {
      module = value
      at++
    } else if (option === '--transparent' && module === 'socket' && !negate) {
      match.push({ kind: 'transparent-socket' })
    } else if (option === '--comment') {
      comment = value
      at++
    } else {
      const known = conditionOf(option, value, negate, module)
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
const loaded: ReadonlySet<string> = new Set([
  'tcp',
  'udp',
  'multiport',
  'owner',
  'mark',
  'connmark',
  'conntrack',
  'socket',
  'comment',
])

function conditionOf(
  option: string,
  value: string,
  negate: boolean,
  module: string,
): Match | undefined {
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
    case '--mark': {
      const kind = module === 'connmark' ? 'connection-mark' : 'mark'
      return /^0x[0-9a-f]+$/.test(value) ? { kind, values: [Number(value)], negate } : undefined
    }
    case '--ctstate':
      return negate ? undefined : statesOf(value)
    default: {
      const kind = numericOptions.get(option)
      return kind && numbers(value, (values) => ({ kind, values, negate }))
    }
  }
}

const numericOptions: ReadonlyMap<string, (PortMatch | OwnerMatch)['kind']> = new Map([
  ['--sport', 'source-port'],
  ['--sports', 'source-port'],
  ['--dport', 'destination-port'],
  ['--dports', 'destination-port'],
  ['--uid-owner', 'owner-uid'],
  ['--gid-owner', 'owner-gid'],
])

function statesOf(value: string): Match | undefined {
  const known = ['invalid', 'established', 'related'] as const
  const words = value.toLowerCase().split(',')
  const states = known.filter((state) => words.includes(state))
  return states.length === words.length
    ? { kind: 'connection-state', states: [...states].sort() }
    : undefined
}

function numbers(text: string, make: (values: readonly number[]) => Match): Match | undefined {
  const parts = text.split(',')
  return parts.every((part) => /^\d+$/.test(part)) ? make(parts.map(Number)) : undefined
}

/** What follows `-j`, as iptables writes it. */
const verdicts: readonly (readonly [RegExp, (...values: readonly string[]) => Verdict])[] = [
  [/^RETURN$/, () => ({ kind: 'return' })],
  [/^DROP$/, () => ({ kind: 'drop' })],
  [/^REDIRECT --to-ports (\d+)$/, (port) => ({ kind: 'redirect', port: Number(port) })],
  [
    /^TPROXY --on-port (\d+)(?: --on-ip (?:0\.0\.0\.0|::))? --tproxy-mark (0x[0-9a-f]+)\/0xffffffff$/,
    (port, mark) => ({ kind: 'tproxy', port: Number(port), mark: Number(mark) }),
  ],
  [
    /^MARK --set-xmark (0x[0-9a-f]+)\/0xffffffff$/,
    (mark) => ({ kind: 'set-mark', mark: Number(mark) }),
  ],
  [
    /^CONNMARK --(save|restore)-mark --nfmask 0xffffffff --ctmask 0xffffffff$/,
    (verb) => ({ kind: verb === 'save' ? 'save-mark' : 'restore-mark' }),
  ],
  [/^CT --zone (\d+)$/, (zone) => ({ kind: 'zone', zone: Number(zone) })],
]

function verdictOf(words: readonly string[]): Verdict {
  const [flag, target = '', ...rest] = words
  const text = words.join(' ') || 'no verdict'
  if (flag !== '-j') return { kind: 'unknown', text }
  const chain = chainOfIptables(target)
  if (chain !== undefined && rest.length === 0) return { kind: 'jump', chain }
  for (const [pattern, make] of verdicts) {
    const found = pattern.exec(text.slice('-j '.length))
    if (found !== null) return make(...found.slice(1))
  }
  return { kind: 'unknown', text }
}
