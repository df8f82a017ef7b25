import { diffRules, type RuleDiff } from '../diff/diff.ts'
import { type IptablesError } from '../error.ts'
import { families, type Family } from '../model/family.ts'
import { forFamily } from '../model/project.ts'
import { type RuleSet } from '../model/rule-set.ts'
import { parseSave, type SavedRules } from '../parse/save.ts'
import { renderRestore } from '../render/restore.ts'
import { type CallOptions, type CommandRunner, type RedirectBackend } from './backend.ts'
import { commandError } from './command-error.ts'
import { type RouteControl, withRouting } from './routes.ts'

/** How the iptables back end works. */
export interface IptablesRestoreOptions {
  /** Runs the tools inside the pod's network namespace. */
  readonly runner: CommandRunner
  /** Which tools: `iptables-nft-restore` and its kin, or `iptables-legacy-restore` and its kin. */
  readonly variant: 'nft' | 'legacy'
  /**
   * File that `legacy` locks instead of the host's `/run/xtables.lock`, which a pod's rules have
   * nothing to do with; the namespace's own file is a good one. Needs iptables 1.8.6.
   */
  readonly lockFile?: string
  /** How long `legacy` waits for its lock, in seconds. Default 5. */
  readonly lockTimeoutSeconds?: number
  /** Changes the routing of the namespace, which TPROXY needs. Without it, TPROXY is refused. */
  readonly routes?: RouteControl
}

/** How often a transaction is made anew when somebody changed the rules after they were read. */
const attempts = 3

const noRules: RuleSet = { families: [], sets: [], chains: [] }

/**
 * The back end for `iptables-restore`: one transaction per family and no process per rule. Families
 * are done one after the other; when the second fails, the first stays done, and the next `apply`
 * or `remove` puts both right.
 */
export function iptablesRestoreBackend(options: IptablesRestoreOptions): RedirectBackend {
  const tools = toolsOf(options)

  const replace = async (rules: RuleSet, call?: CallOptions): Promise<void> => {
    for (const family of families) await replaceFamily(tools, rules, family, call)
  }

  const backend: RedirectBackend = {
    apply: (rules, call) => replace(rules, call),
    remove: (call) => replace(noRules, call),
    async verify(rules, call) {
      const differences = []
      for (const family of families) {
        const saved = await tools.save(family, call)
        differences.push(...differencesOf(rules, family, saved))
      }
      return { ok: differences.length === 0, differences }
    },
  }
  return withRouting(backend, options.routes)
}

function differencesOf(rules: RuleSet, family: Family, saved: SavedRules): readonly RuleDiff[] {
  const found = [...saved.anomalies, ...diffRules(forFamily(rules, family), saved.rules)]
  return found.map((difference) => ({ ...difference, family }))
}

interface Tools {
  save(family: Family, call?: CallOptions): Promise<SavedRules>
  restore(family: Family, text: string, call?: CallOptions): Promise<void>
}

async function replaceFamily(
  tools: Tools,
  rules: RuleSet,
  family: Family,
  call?: CallOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const saved = await tools.save(family, call)
    const text = renderRestore(rules, family, saved)
    if (text === '' || differencesOf(rules, family, saved).length === 0) return
    try {
      await tools.restore(family, text, call)
      return
    } catch (error) {
      const { code } = error as IptablesError
      if (code !== 'changed-meanwhile' || attempt === attempts) throw error
    }
  }
}

function toolsOf({
  runner,
  variant,
  lockFile,
  lockTimeoutSeconds = 5,
}: IptablesRestoreOptions): Tools {
  const prefix = lockFile === undefined ? [] : ['env', `XTABLES_LOCKFILE=${lockFile}`]
  const tool = (family: Family, verb: string, ...flags: string[]): [string, ...string[]] => {
    const command = `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${variant}-${verb}`
    return [...prefix, command, ...flags] as [string, ...string[]]
  }
  return {
    async save(family, call) {
      const argv = tool(family, 'save')
      const output = await runner.run(argv, undefined, call)
      if (output.exitCode !== 0) throw commandError(argv, output, '')
      return parseSave(output.stdout, family)
    },
    async restore(family, text, call) {
      const argv = tool(family, 'restore', '--noflush', `--wait=${lockTimeoutSeconds}`)
      const output = await runner.run(argv, text, call)
      if (output.exitCode !== 0) throw commandError(argv, output, text)
    },
  }
}
