import { type CallOptions, type CommandRunner, type Verification } from '../apply/backend.ts'
import { commandError } from '../apply/command-error.ts'
import { type IptablesError } from '../error.ts'
import { families, type Family } from '../model/family.ts'
import { compareIstio } from './compare.ts'
import { type IstioConfig } from './config.ts'
import { type OwnerIds } from './normal-form.ts'
import { renderIstioReplacement } from './replacement.ts'
import { istioRules } from './rules.ts'
import { type Chains, chainsOf, chainsOfSave } from './state.ts'

/** How the back end for Istio's form works. */
export interface IstioBackendOptions {
  /** Runs the tools inside the pod's network namespace. */
  readonly runner: CommandRunner
  /** Which tools: `iptables-nft-restore` and its kin, or `iptables-legacy-restore` and its kin. */
  readonly variant: 'nft' | 'legacy'
  /** Numbers of the users and groups that rules name: the kernel knows numbers only. */
  readonly ids: OwnerIds
  /** File that `legacy` locks instead of the host's lock. Needs iptables 1.8.6. */
  readonly lockFile?: string
  /** How long `legacy` waits for its lock, in seconds. Default 5. */
  readonly lockTimeoutSeconds?: number
}

/** Puts Istio's form of the rules into the kernel. Each verb may be repeated. */
export interface IstioBackend {
  /**
   * Makes the kernel have exactly these rules, one transaction for each table of each family.
   * Changes nothing when it has them already, unless `force`. Says whether anything was changed.
   */
  apply(config: IstioConfig, options?: CallOptions & { readonly force?: boolean }): Promise<boolean>
  /** Reads the kernel and compares. */
  verify(config: IstioConfig, options?: CallOptions): Promise<Verification>
  /**
   * Takes away Istio's chains, the rules that lead to them, and those rules of the configuration
   * that stand in chains of the kernel, which nobody could tell otherwise. Nothing there is a
   * success. Says whether anything was changed.
   */
  remove(config: IstioConfig, options?: CallOptions): Promise<boolean>
}

/** How often a transaction is made anew when somebody changed the rules after they were read. */
const attempts = 3

/** The back end that leaves what `istio-iptables` leaves. */
export function istioBackend(options: IstioBackendOptions): IstioBackend {
  const tools = toolsOf(options)
  const wantedOf = (config: IstioConfig, family: Family): Chains =>
    chainsOf(istioRules(config, family), family, options.ids)
  /** What an earlier run in the other mode, or with IPv6, may have left in chains of the kernel. */
  const mineOf = (config: IstioConfig, family: Family): Chains => {
    const all = { ...config, enableIpv6: true }
    return merge(
      wantedOf(all, family),
      wantedOf({ ...all, mode: 'TPROXY', includeInboundPorts: '*', dropInvalid: true }, family),
    )
  }

  const replace = async (
    family: Family,
    text: (found: Chains) => string,
    call?: CallOptions,
  ): Promise<boolean> => {
    for (let attempt = 1; ; attempt++) {
      const input = text(await tools.save(family, call))
      if (input === '') return false
      try {
        await tools.restore(family, input, call)
        return true
      } catch (error) {
        const { code } = error as IptablesError
        if (code !== 'changed-meanwhile' || attempt === attempts) throw error
      }
    }
  }

  const inBoth = async (work: (family: Family) => Promise<boolean>): Promise<boolean> => {
    let isChanged = false
    for (const family of families) isChanged = (await work(family)) || isChanged
    return isChanged
  }

  return {
    apply: (config, call) =>
      inBoth((family) => {
        const wanted = wantedOf(config, family)
        const mine = mineOf(config, family)
        const isRight = (found: Chains): boolean =>
          compareIstio(wanted, found, family, mine).length === 0
        const text = (found: Chains): string =>
          call?.force !== true && isRight(found)
            ? ''
            : renderIstioReplacement(istioRules(config, family), wanted, found, mine)
        return replace(family, text, call)
      }),
    remove: (config, call) =>
      inBoth((family) => {
        const mine = mineOf(config, family)
        const text = (found: Chains): string => renderIstioReplacement([], new Map(), found, mine)
        return replace(family, text, call)
      }),
    async verify(config, call) {
      const differences = []
      for (const family of families) {
        const found = await tools.save(family, call)
        differences.push(
          ...compareIstio(wantedOf(config, family), found, family, mineOf(config, family)),
        )
      }
      return { ok: differences.length === 0, differences }
    },
  }
}

function merge(one: Chains, other: Chains): Chains {
  const keys = new Set([...one.keys(), ...other.keys()])
  return new Map(
    [...keys].map((key) => [key, [...(one.get(key) ?? []), ...(other.get(key) ?? [])]]),
  )
}

interface Tools {
  save(family: Family, call?: CallOptions): Promise<Chains>
  restore(family: Family, text: string, call?: CallOptions): Promise<void>
}

function toolsOf(options: IstioBackendOptions): Tools {
  const { runner, variant, ids, lockFile, lockTimeoutSeconds = 5 } = options
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
      return chainsOfSave(output.stdout, family, ids)
    },
    async restore(family, text, call) {
      const argv = tool(family, 'restore', '--noflush', `--wait=${lockTimeoutSeconds}`)
      const output = await runner.run(argv, text, call)
      if (output.exitCode !== 0) throw commandError(argv, output, text)
    },
  }
}
