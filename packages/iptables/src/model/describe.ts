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
    case 'tproxy':
      return `hand to port ${verdict.port} with mark ${markText(verdict.mark)}`
    case 'drop':
      return 'drop'
    case 'set-mark':
      return `mark with ${markText(verdict.mark)}`
    case 'save-mark':
      return 'keep the mark with the connection'
    case 'restore-mark':
      return 'take the mark of the connection'
    case 'zone':
      return `track in zone ${verdict.zone}`
    case 'unknown':
      return verdict.text
  }
}

const words: Readonly<Record<Extract<Match, { values: unknown }>['kind'], string>> = {
  'in-interface': 'in by',
  'out-interface': 'out by',
  source: 'from',
  destination: 'to',
  'source-port': 'from port',
  'destination-port': 'to port',
  'owner-uid': 'of uid',
  'owner-gid': 'of gid',
  mark: 'with mark',
  'connection-mark': 'of a connection with mark',
}

function valueList(match: Extract<Match, { values: unknown }>): string {
  if ('set' in match.values) return ''
  const isMark = match.kind === 'mark' || match.kind === 'connection-mark'
  return match.values.map((value) => (isMark ? markText(Number(value)) : value)).join(' or ')
}

/** A mark as tools write it. */
export function markText(mark: number): string {
  return `0x${mark.toString(16)}`
}

function describeMatch(match: Match): string {
  if (match.kind === 'protocol') return match.protocol
  if (match.kind === 'unknown') return match.text
  if (match.kind === 'connection-state') return match.states.join(' or ')
  if (match.kind === 'transparent-socket') return 'of a transparent socket'
  const values = 'set' in match.values ? `@${match.values.set}` : valueList(match)
  return `${match.negate ? 'not ' : ''}${words[match.kind]} ${values}`
}
