import { diffRules, type RuleDiff } from '../diff/diff.ts'
import { IptablesError } from '../error.ts'
import { type RuleSet } from '../model/rule-set.ts'
import { flag, messageType } from '../netlink/constants.ts'
import { kernelError } from '../netlink/errors.ts'
import { type NetlinkMessage, readMessages, viewOf } from '../netlink/reader.ts'
import {
  hasTable,
  type NftDump,
  type NftState,
  parseNftDump,
  setNamesOf,
} from '../parse/nft-dump.ts'
import { type NftBatch, renderNftBatch, renderNftSets } from '../render/nft-batch.ts'
import { setsInAdvance } from '../render/nft-changes.ts'
import { nftTable } from '../render/nft-names.ts'
import { type NftQuery, renderNftQuery } from '../render/nft-query.ts'
import { type RouteControl, withRouting } from './routes.ts'
import { type CallOptions, type NetlinkTransport, type RedirectBackend } from './backend.ts'

/** How the nf_tables back end works. */
export interface NftablesOptions {
  /** A socket of family NETLINK_NETFILTER, opened in the pod's network namespace. */
  readonly netlink: NetlinkTransport
  /** Whether each rule counts packets and bytes. Default true. */
  readonly counters?: boolean
  /** Changes the routing of the namespace, which TPROXY needs. Without it, TPROXY is refused. */
  readonly routes?: RouteControl
}

/** How often rules are read anew when they changed while they were read. */
const attempts = 5

/** ENOENT, EBUSY and EEXIST: the table is not as it was read. */
const changedErrors: readonly (number | undefined)[] = [2, 16, 17]

/** The back end for nf_tables by netlink: one table of ours, replaced in one transaction. */
export function nftablesBackend({ netlink, counters, routes }: NftablesOptions): RedirectBackend {
  const conversation = converse(netlink)
  const render = (rules: RuleSet, over: 'anything' | 'nothing' | RuleSet) => (sequence: number) =>
    renderNftBatch(rules, { sequence, over, ...(counters === undefined ? {} : { counters }) })

  /** Adds the sets that must be there before the rules; what is there then. */
  const inAdvance = async (
    rules: RuleSet,
    there: RuleSet,
    call?: CallOptions,
  ): Promise<RuleSet> => {
    const sets = setsInAdvance(rules, there)
    if (sets.length === 0) return there
    await conversation.commit((sequence) => renderNftSets(sets, { sequence }), call)
    return { ...there, sets: [...there.sets, ...sets] }
  }

  // Deleting leaves the kernel work for which it makes whoever closes the socket wait, up to tens
  // of milliseconds. So nothing is deleted where nothing is, as in every new pod, and nothing is
  // replaced by the same.
  const replace = async (rules: RuleSet, call?: CallOptions): Promise<void> => {
    const state = await readState(conversation, call)
    if (differencesOf(rules, state).length === 0) return
    const over = !state.exists ? 'nothing' : state.anomalies.length === 0 ? state.rules : 'anything'
    try {
      const there = typeof over === 'string' ? over : await inAdvance(rules, over, call)
      await conversation.commit(render(rules, there), call)
      return
    } catch (error) {
      const isChange = error instanceof IptablesError && changedErrors.includes(error.errno)
      if (over === 'anything' || !isChange) throw error
    }
    await conversation.commit(render(rules, 'anything'), call)
  }

  const backend: RedirectBackend = {
    apply: (rules, call) => replace(rules, call),
    remove: (call) => replace({ families: [], sets: [], chains: [] }, call),
    async verify(rules, call) {
      const differences = differencesOf(rules, await readState(conversation, call))
      return { ok: differences.length === 0, differences }
    },
  }
  return withRouting(backend, routes)
}

function differencesOf(rules: RuleSet, state: NftState): readonly RuleDiff[] {
  const isWanted = rules.chains.length > 0
  const kind = isWanted ? 'missing' : 'extra'
  const table: RuleDiff[] =
    isWanted === state.exists ? [] : [{ kind, object: 'table', name: nftTable }]
  return [...table, ...state.anomalies, ...diffRules(rules, state.rules)]
}

interface Conversation {
  commit(render: (sequence: number) => NftBatch, call?: CallOptions): Promise<void>
  query(query: NftQuery, call?: CallOptions): Promise<readonly NetlinkMessage[]>
}

/** Numbers requests, so that an answer to an abandoned one is never taken for another's. */
function converse(netlink: NetlinkTransport): Conversation {
  let next = 1
  // Numbers have 32 bits; one request never needs the last 65,536 of them.
  const start = (): number => (next > 0xffff_0000 ? 1 : next)
  const exchange = async (
    messages: Uint8Array,
    from: number,
    call?: CallOptions,
  ): Promise<readonly NetlinkMessage[]> => {
    const datagrams = await netlink.exchange(messages, call)
    return datagrams
      .flatMap((datagram) => readMessages(datagram))
      .filter(({ sequence }) => sequence >= from && sequence < next)
  }
  return {
    async commit(render, call) {
      const from = start()
      const { messages, objects } = render(from)
      next = from + objects.size
      const replies = await exchange(messages, from, call)
      for (const reply of replies) {
        const error = kernelError(reply, objects.get(reply.sequence) ?? 'transaction')
        if (error !== undefined) throw error
      }
      if (!replies.some(({ type }) => type === messageType.error)) {
        throw new IptablesError('reply-invalid', 'kernel did not acknowledge the transaction')
      }
    },
    async query(query, call) {
      const from = start()
      next = from + 1
      const replies = await exchange(renderNftQuery(query, from), from, call)
      const what = typeof query === 'string' ? query : `elements of set ${query.elementsOf}`
      for (const reply of replies) {
        const error = kernelError(reply, `reading ${what}`)
        if (error !== undefined) throw error
        if ((reply.flags & flag.dumpInterrupted) !== 0) throw changedMeanwhile()
      }
      return replies.filter(({ type }) => type > messageType.done)
    },
  }
}

function changedMeanwhile(): IptablesError {
  return new IptablesError('changed-meanwhile', 'rules changed while they were read')
}

async function readState(conversation: Conversation, call?: CallOptions): Promise<NftState> {
  for (let attempt = 1; ; attempt++) {
    try {
      return parseNftDump(await readDump(conversation, call))
    } catch (error) {
      const isChange = error instanceof IptablesError && error.code === 'changed-meanwhile'
      const isGone = error instanceof IptablesError && error.errno === 2
      if (attempt === attempts || !(isChange || isGone)) throw error
    }
  }
}

const noTable: NftDump = { tables: [], chains: [], sets: [], rules: [], elements: new Map() }

/** Reads everything of one generation of the rules: a change in between is noticed. */
async function readDump(conversation: Conversation, call?: CallOptions): Promise<NftDump> {
  const generations = new Set<number>()
  const read = async (query: NftQuery): Promise<readonly Uint8Array[]> => {
    const messages = await conversation.query(query, call)
    // The kernel writes the number of the generation where `nfgenmsg` has its resource.
    for (const { payload } of messages) generations.add(viewOf(payload).getUint16(2))
    if (generations.size > 1) throw changedMeanwhile()
    return messages.map(({ payload }) => payload)
  }
  const tables = await read('tables')
  if (!hasTable(tables)) return noTable
  const chains = await read('chains')
  const sets = await read('sets')
  const rules = await read('rules')
  const elements = new Map<string, readonly Uint8Array[]>()
  for (const name of setNamesOf(sets)) elements.set(name, await read({ elementsOf: name }))
  return { tables, chains, sets, rules, elements }
}
