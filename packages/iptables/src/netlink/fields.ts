import { type Family } from '../model/family.ts'
import { type Match } from '../model/match.ts'
import { type connectionKey, type metaKey, type payloadBase, type socketKey } from './constants.ts'

/** Conditions that compare one field of the packet with values. */
export type FieldKind = Extract<Match, { values: unknown }>['kind']

/** Where nf_tables finds a field. */
export type FieldSource =
  | { readonly from: 'meta'; readonly key: keyof typeof metaKey }
  | { readonly from: 'connection'; readonly key: keyof typeof connectionKey }
  | { readonly from: 'socket'; readonly key: keyof typeof socketKey }
  | {
      readonly from: 'payload'
      readonly base: keyof typeof payloadBase
      readonly offset: number
      readonly length: number
    }

const metaFields = {
  'in-interface': { from: 'meta', key: 'inInterface' },
  'out-interface': { from: 'meta', key: 'outInterface' },
  'owner-uid': { from: 'meta', key: 'socketUid' },
  'owner-gid': { from: 'meta', key: 'socketGid' },
  mark: { from: 'meta', key: 'mark' },
  'connection-mark': { from: 'connection', key: 'mark' },
} as const

const portFields = {
  'source-port': { from: 'payload', base: 'transport', offset: 0, length: 2 },
  'destination-port': { from: 'payload', base: 'transport', offset: 2, length: 2 },
} as const

/** Offsets of the addresses in the headers of RFC 791 and RFC 8200. */
const addressFields = {
  ipv4: {
    source: { from: 'payload', base: 'network', offset: 12, length: 4 },
    destination: { from: 'payload', base: 'network', offset: 16, length: 4 },
  },
  ipv6: {
    source: { from: 'payload', base: 'network', offset: 8, length: 16 },
    destination: { from: 'payload', base: 'network', offset: 24, length: 16 },
  },
} as const

/** Where the field of a condition is, in packets of the family. */
export function fieldSource(kind: FieldKind, family: Family): FieldSource {
  switch (kind) {
    case 'source':
    case 'destination':
      return addressFields[family][kind]
    case 'source-port':
    case 'destination-port':
      return portFields[kind]
    default:
      return metaFields[kind]
  }
}

/** Numbers of transport protocols in IP headers. */
export const protocolNumber = { tcp: 6, udp: 17 } as const
