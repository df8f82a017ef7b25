import { IptablesError } from '../error.ts'
import { type CommandRunner, type RedirectBackend } from './backend.ts'

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
}

/** The back end for `iptables-restore`: one transaction per family. */
export function iptablesRestoreBackend(_options: IptablesRestoreOptions): RedirectBackend {
  const later = (): Promise<never> =>
    Promise.reject(new IptablesError('unsupported', 'not there yet'))
  return { apply: later, verify: later, remove: later }
}
