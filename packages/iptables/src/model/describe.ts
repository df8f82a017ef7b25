import { sortMatches } from './canonical.ts'
import { type Match } from './match.ts'
import { type Rule, type Verdict } from './rule-set.ts'

/** A rule in words, as `ipv4: tcp, to port 15008: return`. */
export function describeRule(rule: Rule): string {
  const families = rule.families.join(' and ')
  const conditions = sortMatches(rule.match).map((match) => describeMatch(match))
  return `${families}: ${conditions.join(', ') || 'anything'}: ${describeVerdict(rule.verdict)}`
}

/** What happens, in words. */
function describeVerdict(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'return':
      return 'leave the chain'
    case 'jump':
      return `go to ${verdict.chain}`
    case 'redirect':
      return `redirect to port ${verdict.port}`
    case 'unknown':
      return verdict.text
  }
}

const words: Readonly<Record<Exclude<Match['kind'], 'protocol' | 'unknown'>, string>> = {
  'in-interface': 'in by',
  'out-interface': 'out by',
  source: 'from',
  destination: 'to',
  'source-port': 'from port',
  'destination-port': 'to port',
  'owner-uid': 'of uid',
  'owner-gid': 'of gid',
}

function describeMatch(match: Match): string {
  if (match.kind === 'protocol') return match.protocol
  if (match.kind === 'unknown') return match.text
  const values = 'set' in match.values ? `@${match.values.set}` : match.values.join(' or ')
  return `${match.negate ? 'not ' : ''}${words[match.kind]} ${values}`
}
