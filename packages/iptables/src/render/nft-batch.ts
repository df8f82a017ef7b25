import { IptablesError } from '../error.ts'
import { nftChain } from '../model/chain-names.ts'
import { hostBytes32 } from '../netlink/byte-order.ts'
import { commentOf } from '../model/comment.ts'
import { type Chain, type NamedSet, type RuleSet } from '../model/rule-set.ts'
import {
  attribute,
  batch,
  flag,
  hookNumber,
  nfTables,
  nftMessage,
  protocolFamily,
  verdictCode,
} from '../netlink/constants.ts'
import { expressionWriter } from '../netlink/expressions.ts'
import { elementsOf, setShapes } from '../netlink/values.ts'
import { NetlinkWriter } from '../netlink/writer.ts'
import { nftChanges, type NftChanges } from './nft-changes.ts'
import { nftTable } from './nft-names.ts'
import { writeRule } from './nft-rule.ts'

/** How a batch is written. */
export interface NftBatchOptions {
  /** Sequence number of its first message; the others count on. Default 1. */
  readonly sequence?: number
  /** Whether each rule counts packets and bytes. Default true. */
  readonly counters?: boolean
  /**
   * What of ours the namespace has. Rules as they were read are replaced inside their chains, so
   * that every packet meets the old rules or the new ones. `anything` (the default) is replaced as
   * a table, during which a packet can pass in between. `nothing` is less work for the kernel,
   * which refuses the transaction (EEXIST) when it has our table after all.
   */
  readonly over?: 'anything' | 'nothing' | RuleSet
}

/** A transaction for the kernel: all of it takes effect, or nothing. */
export interface NftBatch {
  /** The datagram to send. */
  readonly messages: Uint8Array
  /** What each message is about, as `rule nat_output proxy/to-outbound`, by sequence number. */
  readonly objects: ReadonlyMap<number, string>
}

/** Most elements per message: an attribute has at most 65,535 bytes, an element takes up to 40. */
const elementsPerMessage = 1024

/**
 * The nf_tables transaction that makes a namespace have exactly these rules of ours, whatever
 * version of our table it has. No rules mean no table.
 */
export function renderNftBatch(rules: RuleSet, options: NftBatchOptions = {}): NftBatch {
  const out = batchWriter(options.sequence ?? 1)
  const over = options.over ?? 'anything'
  if (over === 'anything' || rules.chains.length === 0) replaceTable(out)
  if (rules.chains.length === 0) return out.finish()
  const create = over === 'nothing' ? flag.create | flag.exclusive : flag.create
  out.send('newTable', create, `table ${nftTable}`, (writer) =>
    writer.text(attribute.table.name, nftTable),
  )
  const changes = nftChanges(rules, typeof over === 'object' ? over : noRules)
  if (typeof over === 'object') clear(out, changes)
  for (const [index, set] of changes.newSets.entries()) sendSet(out, set, index + 1)
  for (const { added } of changes.changedSets) sendElements(out, added, 'newSetElement')
  for (const chain of changes.newChains) sendChain(out, chain)
  if (changes.onlyElements) return out.finish()
  const sets = new Map(rules.sets.map((set) => [set.name, set]))
  for (const chain of rules.chains) {
    const name = nftChain(chain.table, chain.name)
    for (const rule of chain.rules) {
      const object = `rule ${name} ${commentOf(rule.name)}`
      out.send('newRule', flag.create | flag.append, object, (writer) => {
        writer.text(attribute.rule.table, nftTable)
        writer.text(attribute.rule.chain, name)
        writer.nest(attribute.rule.expressions, () =>
          writeRule(expressionWriter(writer), rule, {
            table: chain.table,
            sets,
            counters: options.counters ?? true,
          }),
        )
        writer.bytes(attribute.rule.userData, commentData(rule.name))
      })
    }
  }
  return out.finish()
}

/** The transaction that adds sets to our table and leaves all else as it is. */
export function renderNftSets(
  sets: readonly NamedSet[],
  options: Pick<NftBatchOptions, 'sequence'> = {},
): NftBatch {
  const out = batchWriter(options.sequence ?? 1)
  for (const [index, set] of sets.entries()) sendSet(out, set, index + 1)
  return out.finish()
}

/** The nf_tables transaction that takes our table away; one that is not there is a success. */
export function renderNftRemoval(options: Pick<NftBatchOptions, 'sequence'> = {}): NftBatch {
  const out = batchWriter(options.sequence ?? 1)
  replaceTable(out)
  return out.finish()
}

/** Deleting what is not there would fail, adding what is there does not. */
function replaceTable(out: BatchWriter): void {
  const name = (writer: NetlinkWriter): void => writer.text(attribute.table.name, nftTable)
  out.send('newTable', flag.create, `table ${nftTable}`, name)
  out.send('deleteTable', 0, `table ${nftTable}`, name)
}

const noRules: RuleSet = { families: [], sets: [], chains: [] }

/** Takes away all rules of all chains. */
function clearRules(out: BatchWriter): void {
  out.send('deleteRule', 0, `rules of table ${nftTable}`, (writer) =>
    writer.text(attribute.rule.table, nftTable),
  )
}

/** Takes all rules away, which nothing else refers to, then what is not wanted any more. */
function clear(out: BatchWriter, changes: NftChanges): void {
  const { staleChains, staleSets, changedSets, onlyElements } = changes
  if (!onlyElements) clearRules(out)
  for (const chain of staleChains) {
    const name = nftChain(chain.table, chain.name)
    out.send('deleteChain', 0, `chain ${name}`, (writer) => {
      writer.text(attribute.chain.table, nftTable)
      writer.text(attribute.chain.name, name)
    })
  }
  for (const { name } of staleSets) {
    out.send('deleteSet', 0, `set ${name}`, (writer) => {
      writer.text(attribute.set.table, nftTable)
      writer.text(attribute.set.name, name)
    })
  }
  for (const { removed, added } of changedSets) {
    if (removed !== 'all') {
      sendElements(out, removed, 'deleteSetElement')
      continue
    }
    // Without elements it means all of them.
    out.send('deleteSetElement', 0, `elements of set ${added.name}`, (writer) => {
      writer.text(attribute.elements.table, nftTable)
      writer.text(attribute.elements.set, added.name)
    })
  }
}

function sendSet(out: BatchWriter, set: NamedSet, id: number): void {
  if (!/^[a-z0-9_]{1,31}$/.test(set.name)) {
    throw new IptablesError('ruleset-invalid', `${set.name} is not a name for a set`)
  }
  const shape = setShapes[set.type]
  out.send('newSet', flag.create, `set ${set.name}`, (writer) => {
    writer.text(attribute.set.table, nftTable)
    writer.text(attribute.set.name, set.name)
    writer.number(attribute.set.flags, shape.flags)
    writer.number(attribute.set.keyType, shape.keyType)
    writer.number(attribute.set.keyLength, shape.keyLength)
    writer.number(attribute.set.id, id)
    // Type 0 (byte order of the key) and length, as nft writes them.
    writer.bytes(attribute.set.userData, Uint8Array.of(0, 4, ...hostBytes32(shape.byteOrder)))
  })
  sendElements(out, set, 'newSetElement')
}

function sendElements(
  out: BatchWriter,
  set: NamedSet,
  message: 'newSetElement' | 'deleteSetElement',
): void {
  const elements = elementsOf(set)
  for (let at = 0; at < elements.length; at += elementsPerMessage) {
    const flags = message === 'newSetElement' ? flag.create : 0
    out.send(message, flags, `elements of set ${set.name}`, (writer) => {
      writer.text(attribute.elements.table, nftTable)
      writer.text(attribute.elements.set, set.name)
      writer.nest(attribute.elements.list, () => {
        for (const { key, isEnd } of elements.slice(at, at + elementsPerMessage)) {
          writer.nest(attribute.list.element, () => {
            if (isEnd) writer.number(attribute.element.flags, 1)
            writer.nest(attribute.element.key, () => writer.bytes(attribute.data.value, key))
          })
        }
      })
    })
  }
}

function sendChain(out: BatchWriter, chain: Chain): void {
  const name = nftChain(chain.table, chain.name)
  const { hook } = chain
  out.send('newChain', flag.create, `chain ${name}`, (writer) => {
    writer.text(attribute.chain.table, nftTable)
    writer.text(attribute.chain.name, name)
    if (hook === undefined) return
    const { type, priority } = hookProperties(chain)
    writer.nest(attribute.chain.hook, () => {
      writer.number(attribute.hook.number, hookNumber[hook])
      writer.number(attribute.hook.priority, priority)
    })
    writer.number(attribute.chain.policy, verdictCode.accept)
    writer.text(attribute.chain.type, type)
  })
}

/** The kind and the priority of a chain that packets enter: those of the iptables table. */
export function hookProperties({ table, hook }: Pick<Chain, 'table' | 'hook'>): {
  readonly type: string
  readonly priority: number
} {
  switch (table) {
    case 'raw':
      return { type: 'filter', priority: -300 }
    case 'mangle':
      return { type: hook === 'output' ? 'route' : 'filter', priority: -150 }
    case 'nat':
      return { type: 'nat', priority: -100 }
    case 'filter':
      return { type: 'filter', priority: 0 }
  }
}

/** A comment as nft keeps it: type 0, length with the final NUL, text. */
function commentData(name: string): Uint8Array {
  const text = new TextEncoder().encode(`${commentOf(name)}\0`)
  if (!/^[a-z0-9-]{1,64}$/.test(name)) {
    throw new IptablesError('ruleset-invalid', `${name} is not a name for a rule`, { object: name })
  }
  return Uint8Array.of(0, text.length, ...text)
}

interface BatchWriter {
  send(
    message: keyof typeof nftMessage,
    flags: number,
    object: string,
    body: (writer: NetlinkWriter) => void,
  ): void
  finish(): NftBatch
}

function batchWriter(first: number): BatchWriter {
  const writer = new NetlinkWriter()
  const objects = new Map<number, string>()
  let sequence = first
  let lastFlags = 0
  const frame = (type: number): void => {
    const header = { type, flags: flag.request, family: 0, resource: nfTables }
    objects.set(sequence, 'transaction')
    writer.message({ ...header, sequence: sequence++ })
  }
  frame(batch.begin)
  return {
    send(message, flags, object, body) {
      objects.set(sequence, object)
      lastFlags = writer.length + 6
      writer.message(
        {
          type: (nfTables << 8) | nftMessage[message],
          flags: flag.request | flags,
          sequence: sequence++,
          family: protocolFamily.inet,
        },
        () => body(writer),
      )
    },
    finish() {
      // The kernel answers errors unasked, so one acknowledgement says that all went well. It is
      // asked of the last command: kernels before 6.10 do not acknowledge the end of a batch.
      writer.addFlags(lastFlags, flag.ack)
      frame(batch.end)
      return { messages: writer.take(), objects }
    },
  }
}
