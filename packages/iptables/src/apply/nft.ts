import { diffRules, type RuleDiff } from '../diff/diff.ts'
import { type RuleSet } from '../model/rule-set.ts'
import { type NftState } from '../parse/nft-dump.ts'
import { parseNftJson } from '../parse/nft-json.ts'
import { nftTable } from '../render/nft-names.ts'
import { setsInAdvance } from '../render/nft-changes.ts'
import { renderNft, renderNftSets } from '../render/nft-text.ts'
import { type RouteControl, withRouting } from './routes.ts'
import { type CallOptions, type CommandRunner, type RedirectBackend } from './backend.ts'
import { isChanged, isNoTable, nftError } from './nft-error.ts'

/** How the back end for the `nft` program works. */
export interface NftOptions {
  /** Runs `nft` inside the pod's network namespace. */
  readonly runner: CommandRunner
  /** Whether each rule counts packets and bytes. Default true. */
  readonly counters?: boolean
  /** Changes the routing of the namespace, which TPROXY needs. Without it, TPROXY is refused. */
  readonly routes?: RouteControl
}

const noRules: RuleSet = { families: [], sets: [], chains: [] }
const noTable: NftState = { exists: false, rules: noRules, anomalies: [] }
const list = ['nft', '-j', 'list', 'table', 'inet', nftTable] as const
const load = ['nft', '-f', '-'] as const

/**
 * The back end for the `nft` program (1.0.1 or newer, with JSON): the same table as the one for
 * netlink makes, by one script and so in one transaction.
 */
export function nftBackend({ runner, counters = true, routes }: NftOptions): RedirectBackend {
  const read = async (call?: CallOptions): Promise<NftState> => {
    const output = await runner.run(list, undefined, call)
    if (isNoTable(output)) return noTable
    if (output.exitCode !== 0) throw nftError(list, output, '')
    return parseNftJson(output.stdout)
  }

  /** Runs a script; false when the table was not as it was read. Throws when it failed otherwise. */
  const run = async (script: string, exists: boolean, call?: CallOptions): Promise<boolean> => {
    const output = await runner.run(load, script, call)
    if (output.exitCode === 0) return true
    if (isChanged(output, exists)) return false
    throw nftError(load, output, script)
  }

  const replaceInside = async (
    rules: RuleSet,
    there: RuleSet,
    call?: CallOptions,
  ): Promise<boolean> => {
    const sets = setsInAdvance(rules, there)
    if (sets.length > 0 && !(await run(renderNftSets(sets), true, call))) return false
    const over = { ...there, sets: [...there.sets, ...sets] }
    return run(renderNft(rules, { counters, over }), true, call)
  }

  const replace = async (rules: RuleSet, call?: CallOptions): Promise<void> => {
    const state = await read(call)
    if (differencesOf(rules, state).length === 0) return
    const { exists, anomalies } = state
    const fresh = renderNft(rules, { counters, over: 'nothing' })
    if (!exists && (await run(fresh, false, call))) return
    const isPlain = exists && anomalies.length === 0 && rules.chains.length > 0
    if (isPlain && (await replaceInside(rules, state.rules, call))) return
    const script = renderNft(rules, { counters })
    const output = await runner.run(load, script, call)
    if (output.exitCode !== 0) throw nftError(load, output, script)
  }

  const backend: RedirectBackend = {
    apply: (rules, call) => replace(rules, call),
    remove: (call) => replace(noRules, call),
    async verify(rules, call) {
      const differences = differencesOf(rules, await read(call))
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
