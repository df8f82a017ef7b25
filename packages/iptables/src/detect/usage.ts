import { z } from 'zod'

import { type CallOptions, type CommandRunner } from '../apply/backend.ts'
import { iptablesPrefix } from '../model/chain-names.ts'
import { nftTable } from '../render/nft-names.ts'
import { type ForeignMesh, meshesOf } from './meshes.ts'

/** What a namespace has in it already. */
export interface NamespaceUsage {
  /** Ways into the kernel by which somebody else has rules there, whatever they are for. */
  readonly others: readonly Exclude<UsedBy, 'nf_tables'>[]
  /** Ways by which rules of ours are there. */
  readonly ours: readonly UsedBy[]
  /** Rules of other meshes, which would redirect the same connections before ours or after. */
  readonly meshes: readonly ForeignMesh[]
}

/** What keeps rules: our own kind of table, or the tables of iptables in one of its variants. */
export type UsedBy = 'nf_tables' | 'iptables-nft' | 'iptables-legacy'

const listing = z.object({
  nftables: z.array(z.record(z.string(), z.looseObject({ name: z.string().optional() }))),
})

/**
 * Looks at what a namespace has, and changes nothing there: a program that only prints is run for
 * each place where rules can be. One that is not installed has none.
 */
export async function detectUsage(
  runner: CommandRunner,
  options?: CallOptions,
): Promise<NamespaceUsage> {
  const print = async (...argv: [string, ...string[]]): Promise<string> => {
    const output = await runner.run(argv, undefined, options)
    return output.exitCode === 0 ? output.stdout : ''
  }
  const savesOf = async (variant: 'nft' | 'legacy'): Promise<Saved> => {
    const texts = [
      await print(`iptables-${variant}-save`),
      await print(`ip6tables-${variant}-save`),
    ]
    return savedIn(`iptables-${variant}`, texts.join('\n'))
  }
  const nft = namesIn(await print('nft', '-j', 'list', 'ruleset'))
  const saves = [await savesOf('nft'), await savesOf('legacy')]
  return {
    others: saves.filter(({ hasOthers }) => hasOthers).map(({ by }) => by),
    ours: [
      ...(nft.includes(nftTable) ? (['nf_tables'] as const) : []),
      ...saves.filter(({ isOurs }) => isOurs).map(({ by }) => by),
    ],
    meshes: [
      // Tables of iptables-nft are listed by nft too: they are named once, by what made them.
      ...meshesOf('nft', nft).filter(
        ({ objects }) => !objects.every((name) => saves[0]?.chains.includes(name)),
      ),
      ...saves.flatMap(({ by, chains }) => meshesOf(by, chains)),
    ],
  }
}

interface Saved {
  readonly by: 'iptables-nft' | 'iptables-legacy'
  readonly chains: readonly string[]
  readonly isOurs: boolean
  readonly hasOthers: boolean
}

function savedIn(by: Saved['by'], text: string): Saved {
  const lines = text.split('\n')
  const chains = lines
    .filter((line) => line.startsWith(':'))
    .map((line) => line.slice(1).split(' ')[0] ?? '')
  const isOurs = (line: string): boolean => line.includes(iptablesPrefix)
  return {
    by,
    chains,
    isOurs: chains.some((chain) => chain.startsWith(iptablesPrefix)),
    hasOthers: lines.some((line) => line.startsWith('-A ') && !isOurs(line)),
  }
}

/** Names of tables and chains that `nft -j list ruleset` prints. */
function namesIn(text: string): readonly string[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // A program that is not there has printed nothing; an old one without JSON prints words.
    return []
  }
  const { data } = listing.safeParse(json)
  return (data?.nftables ?? []).flatMap((entry) =>
    [entry['table']?.name, entry['chain']?.name].filter((name) => name !== undefined),
  )
}
