import { IptablesError } from '../error.ts'
import { iptablesChain } from '../model/chain-names.ts'
import { markText } from '../model/describe.ts'
import { type Match } from '../model/match.ts'
import { type Verdict } from '../model/rule-set.ts'

const options = {
  'in-interface': '-i',
  'out-interface': '-o',
  source: '-s',
  destination: '-d',
  'source-port': '--sport',
  'destination-port': '--dport',
  'owner-uid': '--uid-owner',
  'owner-gid': '--gid-owner',
  mark: '-m mark',
  'connection-mark': '-m connmark',
} as const

/** One condition in the language of iptables; it has one value, or up to 15 ports. */
export function iptablesMatch(match: Match): string {
  if (match.kind === 'protocol') return `-p ${match.protocol}`
  if (match.kind === 'unknown') return refuse(match.text)
  if (match.kind === 'connection-state') {
    return `-m conntrack --ctstate ${match.states.join(',').toUpperCase()}`
  }
  if (match.kind === 'transparent-socket') return '-m socket --transparent'
  if ('set' in match.values) return refuse(`@${match.values.set}`)
  const { kind, values } = match
  const not = match.negate ? '! ' : ''
  const option = options[kind]
  switch (kind) {
    case 'in-interface':
    case 'out-interface':
    case 'source':
    case 'destination':
      return `${not}${option} ${values.join(',')}`
    case 'source-port':
    case 'destination-port':
      // `-p` comes before and has loaded the match for one port.
      return values.length === 1
        ? `${not}${option} ${values.join()}`
        : `-m multiport ${not}${option}s ${values.join(',')}`
    case 'owner-uid':
    case 'owner-gid':
      return `-m owner ${not}${option} ${values.join()}`
    case 'mark':
    case 'connection-mark':
      return `${option} ${not}--mark ${values.map((mark) => markText(mark)).join()}`
  }
}

/** A verdict in the language of iptables. */
export function iptablesVerdict(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'return':
      return '-j RETURN'
    case 'jump':
      return `-j ${iptablesChain(verdict.chain)}`
    case 'redirect':
      return `-j REDIRECT --to-ports ${verdict.port}`
    case 'tproxy':
      return `-j TPROXY --on-port ${verdict.port} --tproxy-mark ${markText(verdict.mark)}/${allBits}`
    case 'drop':
      return '-j DROP'
    case 'set-mark':
      return `-j MARK --set-xmark ${markText(verdict.mark)}/${allBits}`
    case 'save-mark':
    case 'restore-mark':
      return `-j CONNMARK --${verdict.kind} --nfmask ${allBits} --ctmask ${allBits}`
    case 'zone':
      return `-j CT --zone ${verdict.zone}`
    case 'unknown':
      return refuse(verdict.text)
  }
}

const allBits = '0xffffffff'

function refuse(text: string): never {
  throw new IptablesError('ruleset-invalid', `cannot be written for iptables: ${text}`)
}
