import { IptablesError } from '../error.ts'
import { cidrOf, formatCidr } from '../model/cidr.ts'
import { type Family } from '../model/family.ts'
import { type ProtocolMatch } from '../model/match.ts'
import { type SetType } from '../model/rule-set.ts'
import { type FieldKind } from '../netlink/fields.ts'

/** The protocol that a port belongs to; `th` is any that has ports. */
export type PortProtocol = ProtocolMatch['protocol'] | 'th'

/** The names that nft gives the families where it means addresses. */
export const addressFamily: Readonly<Record<Family, string>> = { ipv4: 'ip', ipv6: 'ip6' }

/** The field that a condition compares, in the language of nft, as `tcp dport`. */
export function fieldWords(kind: FieldKind, family: Family, protocol: PortProtocol): string {
  switch (kind) {
    case 'in-interface':
      return 'meta iifname'
    case 'out-interface':
      return 'meta oifname'
    case 'source':
      return `${addressFamily[family]} saddr`
    case 'destination':
      return `${addressFamily[family]} daddr`
    case 'source-port':
      return `${protocol} sport`
    case 'destination-port':
      return `${protocol} dport`
    case 'owner-uid':
      return 'meta skuid'
    case 'owner-gid':
      return 'meta skgid'
    case 'mark':
      return 'meta mark'
    case 'connection-mark':
      return 'ct mark'
  }
}

/** Every kind of field, so that words can be read back; the compiler names one that is missing. */
const fieldKinds: Readonly<Record<FieldKind, true>> = {
  'in-interface': true,
  'out-interface': true,
  source: true,
  destination: true,
  'source-port': true,
  'destination-port': true,
  'owner-uid': true,
  'owner-gid': true,
  mark: true,
  'connection-mark': true,
}

/** What the words of a field say. */
export interface FieldMeaning {
  readonly kind: FieldKind
  /** Family that the packet must have for the field to be there. */
  readonly family?: Family
  /** Protocol that the packet must have for the field to be there. */
  readonly protocol?: ProtocolMatch['protocol']
}

const meanings: ReadonlyMap<string, FieldMeaning> = new Map(
  (Object.keys(fieldKinds) as FieldKind[]).flatMap((kind) =>
    (['ipv4', 'ipv6'] as const).flatMap((family) =>
      (['tcp', 'udp'] as const).map((protocol): [string, FieldMeaning] => {
        const words = fieldWords(kind, family, protocol)
        const hasFamily = words !== fieldWords(kind, family === 'ipv4' ? 'ipv6' : 'ipv4', protocol)
        const hasProtocol = words !== fieldWords(kind, family, 'th')
        return [
          words,
          { kind, ...(hasFamily ? { family } : {}), ...(hasProtocol ? { protocol } : {}) },
        ]
      }),
    ),
  ),
)

/** The opposite of {@link fieldWords}; undefined for a field that no condition compares. */
export function meaningOfField(words: string): FieldMeaning | undefined {
  return meanings.get(words)
}

/** The names that nft gives the types of sets; blocks are intervals. */
export const setTypeWords: Readonly<Record<SetType, { type: string; interval: boolean }>> = {
  port: { type: 'inet_service', interval: false },
  'ipv4-cidr': { type: 'ipv4_addr', interval: true },
  'ipv6-cidr': { type: 'ipv6_addr', interval: true },
  interface: { type: 'ifname', interval: false },
  uid: { type: 'uid', interval: false },
  gid: { type: 'gid', interval: false },
  mark: { type: 'mark', interval: false },
}

/** One value in the language of nft. Throws `ruleset-invalid` for what would mean something else. */
export function valueWords(type: SetType, value: string | number): string {
  switch (type) {
    case 'ipv4-cidr':
    case 'ipv6-cidr': {
      const cidr = cidrOf(String(value))
      if (type !== `${cidr.family}-cidr`) throw invalidValue(type, value)
      return formatCidr(cidr)
    }
    case 'interface':
      // A quote would end the word, an asterisk stands for every ending.
      if (!/^[^\s"\\*]{1,15}$/.test(String(value))) throw invalidValue(type, value)
      return `"${value}"`
    case 'port':
    case 'uid':
    case 'gid':
    case 'mark':
      if (!Number.isSafeInteger(value)) throw invalidValue(type, value)
      return String(value)
  }
}

function invalidValue(type: SetType, value: string | number): IptablesError {
  return new IptablesError('ruleset-invalid', `${JSON.stringify(value)} is not a value of ${type}`)
}
