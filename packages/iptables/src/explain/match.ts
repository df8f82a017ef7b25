import { addressBits, parseAddress } from '../model/address.ts'
import { cidrOf, covers } from '../model/cidr.ts'
import { type Match } from '../model/match.ts'
import { setNamed } from '../model/project.ts'
import { type NamedSet, type Rule } from '../model/rule-set.ts'
import { type Packet } from './packet.ts'

/**
 * Whether the rule takes the packet; undefined when it has a condition that this package does not
 * know, so that nobody can say.
 */
export function ruleTakes(
  rule: Rule,
  packet: Packet,
  sets: ReadonlyMap<string, NamedSet>,
): boolean | undefined {
  if (!rule.families.includes(packet.family)) return false
  const held = rule.match.map((match) => holds(match, packet, sets))
  return held.includes(false) ? false : held.includes(undefined) ? undefined : true
}

function holds(
  match: Match,
  packet: Packet,
  sets: ReadonlyMap<string, NamedSet>,
): boolean | undefined {
  if (match.kind === 'unknown') return undefined
  if (match.kind === 'transparent-socket') return packet.transparentSocket ?? false
  if (match.kind === 'connection-state') {
    const { connectionState: state = 'new' } = packet
    return state !== 'new' && match.states.includes(state)
  }
  if (match.kind === 'protocol') return packet.protocol === match.protocol
  const value = valueOf(match.kind, packet)
  // What a packet does not have neither equals a value nor differs from one.
  if (value === undefined) return false
  const values: readonly (string | number)[] =
    'set' in match.values ? setNamed(sets, match.values.set).elements : match.values
  const isAddress = match.kind === 'source' || match.kind === 'destination'
  const isAmong = isAddress
    ? values.some((block) => isWithin(String(value), String(block)))
    : values.includes(value)
  return isAmong !== match.negate
}

function valueOf(
  kind: Extract<Match, { values: unknown }>['kind'],
  packet: Packet,
): string | number | undefined {
  const isInbound = packet.direction === 'inbound'
  switch (kind) {
    case 'in-interface':
      return isInbound ? packet.interface : undefined
    case 'out-interface':
      return isInbound ? undefined : packet.interface
    case 'source':
      return packet.source
    case 'destination':
      return packet.destination
    case 'source-port':
      return packet.sourcePort
    case 'destination-port':
      return packet.destinationPort
    case 'owner-uid':
      return isInbound ? undefined : packet.uid
    case 'owner-gid':
      return isInbound ? undefined : packet.gid
    case 'mark':
      return packet.mark ?? 0
    case 'connection-mark':
      return packet.connectionMark ?? 0
  }
}

function isWithin(address: string, block: string): boolean {
  const parsed = parseAddress(address)
  if (parsed === undefined) return false
  return covers(cidrOf(block), { ...parsed, prefix: addressBits[parsed.family] })
}
