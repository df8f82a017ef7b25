import { chainOfNft } from '../model/chain-names.ts'
import { type Family } from '../model/family.ts'
import { type TableName, type Verdict } from '../model/rule-set.ts'
import { numberOfHostBytes16, numberOfHostBytes32 } from '../netlink/byte-order.ts'
import {
  attribute,
  connectionKey,
  metaKey,
  portSpecified,
  protocolFamily,
  register,
  verdictCode,
} from '../netlink/constants.ts'
import { type FieldSource } from '../netlink/fields.ts'
import { type Attributes, nestedIn, numberIn, textIn, viewOf } from '../netlink/reader.ts'

/** What the register holds while a list of expressions is read. */
export type Register =
  | { readonly holds: 'field'; readonly source: FieldSource; readonly mask?: Uint8Array }
  | { readonly holds: 'value'; readonly value: Uint8Array }

/** What a rule without a verdict has. */
export const noVerdict: Verdict = { kind: 'unknown', text: 'no verdict' }

/** Reads the expressions of one rule that are its verdict: one, or those of a tproxy. */
export interface VerdictReader {
  /** Takes an expression; false when it is none of a verdict. */
  read(
    name: string,
    data: Attributes,
    held: Register | undefined,
    families: readonly Family[],
  ): boolean
  /** Whether an expression was taken. */
  readonly hasBegun: boolean
  /** Whether the verdict has all its expressions. */
  readonly isComplete: boolean
  /** The verdict; an unknown one when there is none or not all of it. */
  end(): Verdict
}

/** A reader for a rule of a chain of the table. */
export function verdictReader(table: TableName | undefined): VerdictReader {
  let verdict: Verdict | undefined
  let port: number | undefined
  let mark: number | undefined
  return {
    get hasBegun() {
      return verdict !== undefined || port !== undefined
    },
    get isComplete() {
      return verdict !== undefined
    },
    read(name, data, held, families) {
      if (port === undefined) {
        port = name === 'tproxy' ? tproxyPortOf(data, held, families) : undefined
        if (port === undefined) verdict = verdictOf(name, data, held, table)
        return port !== undefined || verdict !== undefined
      }
      const next = verdictOf(name, data, held, table)
      if (mark === undefined) {
        mark = next?.kind === 'set-mark' ? next.mark : undefined
        return mark !== undefined
      }
      const isAccept = name === 'immediate' && codeOf(data) === verdictCode.accept
      if (isAccept) verdict = { kind: 'tproxy', port, mark }
      return isAccept
    },
    end: () =>
      verdict ?? (port === undefined ? noVerdict : { kind: 'unknown', text: 'part of a tproxy' }),
  }
}

/** The key under which the table has the value. */
export function keyOf<T extends Readonly<Record<string, number>>>(
  table: T,
  value: number | undefined,
): keyof T | undefined {
  return Object.keys(table).find((key) => table[key] === value)
}

function verdictOf(
  name: string,
  data: Attributes,
  held: Register | undefined,
  table: TableName | undefined,
): Verdict | undefined {
  switch (name) {
    case 'redir':
      return redirectOf(data, held)
    case 'meta':
      return markOf(data, held)
    case 'ct':
      return connectionOf(data, held)
    case 'immediate':
      return immediateOf(data, table)
    default:
      return undefined
  }
}

function codeOf(data: Attributes): number {
  const verdict = nestedIn(nestedIn(data, attribute.immediate.data), attribute.data.verdict)
  return (numberIn(verdict, attribute.verdict.code) ?? 0x7fff_ffff) | 0
}

function immediateOf(data: Attributes, table: TableName | undefined): Verdict {
  const verdict = nestedIn(nestedIn(data, attribute.immediate.data), attribute.data.verdict)
  const code = codeOf(data)
  if (code === verdictCode.return) return { kind: 'return' }
  if (code === verdictCode.drop) return { kind: 'drop' }
  const chain = textIn(verdict, attribute.verdict.chain)
  const known = chain === undefined ? undefined : chainOfNft(chain)
  if (code === verdictCode.jump && known !== undefined && known.table === table)
    return { kind: 'jump', chain: known.name }
  return { kind: 'unknown', text: `verdict ${code}${chain === undefined ? '' : ` ${chain}`}` }
}

function redirectOf(data: Attributes, held: Register | undefined): Verdict {
  const min = numberIn(data, attribute.redirect.portMin)
  const max = numberIn(data, attribute.redirect.portMax) ?? min
  const flags = numberIn(data, attribute.redirect.flags)
  const isOurs = min === register.first && max === min && flags === portSpecified
  if (held?.holds !== 'value' || held.value.length !== 2 || !isOurs) {
    return { kind: 'unknown', text: 'redirect in another form' }
  }
  return { kind: 'redirect', port: viewOf(held.value).getUint16(0) }
}

/** Family 0 is "as the packet's"; nft writes the one to which the rule was narrowed. */
function tproxyPortOf(
  data: Attributes,
  held: Register | undefined,
  families: readonly Family[],
): number | undefined {
  const family = numberIn(data, attribute.tproxy.family) ?? 0
  const [only, another] = families
  const isRight =
    family === 0 || (only !== undefined && another === undefined && family === protocolFamily[only])
  const isOurs =
    isRight &&
    numberIn(data, attribute.tproxy.port) === register.first &&
    !data.has(attribute.tproxy.address)
  return isOurs && held?.holds === 'value' && held.value.length === 2
    ? viewOf(held.value).getUint16(0)
    : undefined
}

/** `meta mark set`: to a value, or to the mark of the connection. */
function markOf(data: Attributes, held: Register | undefined): Verdict | undefined {
  const isOurs =
    numberIn(data, attribute.meta.source) === register.first &&
    numberIn(data, attribute.meta.key) === metaKey.mark
  if (!isOurs || held === undefined) return undefined
  if (held.holds === 'value') {
    return held.value.length === 4
      ? { kind: 'set-mark', mark: numberOfHostBytes32(held.value) }
      : undefined
  }
  return held.mask === undefined && isField(held.source, 'connection', 'mark')
    ? { kind: 'restore-mark' }
    : undefined
}

/** `ct zone set` to a value, or `ct mark set` to the mark of the packet. */
function connectionOf(data: Attributes, held: Register | undefined): Verdict | undefined {
  if (numberIn(data, attribute.connection.source) !== register.first) return undefined
  if (data.has(attribute.connection.direction) || held === undefined) return undefined
  const key = numberIn(data, attribute.connection.key)
  if (key === connectionKey.zone && held.holds === 'value' && held.value.length === 2) {
    return { kind: 'zone', zone: numberOfHostBytes16(held.value) }
  }
  const isSave = key === connectionKey.mark && held.holds === 'field' && held.mask === undefined
  return isSave && isField(held.source, 'meta', 'mark') ? { kind: 'save-mark' } : undefined
}

function isField(source: FieldSource, from: FieldSource['from'], key: string): boolean {
  return source.from === from && 'key' in source && source.key === key
}
