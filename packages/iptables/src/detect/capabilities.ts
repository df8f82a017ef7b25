import {
  type CallOptions,
  type CommandRunner,
  type NetlinkTransport,
  type RedirectBackend,
} from '../apply/backend.ts'
import { iptablesRestoreBackend } from '../apply/iptables-restore.ts'
import { nftBackend } from '../apply/nft.ts'
import { nftablesBackend } from '../apply/nftables.ts'
import { IptablesError } from '../error.ts'
import { type Family } from '../model/family.ts'
import { plan } from '../plan/plan.ts'
import { parseRedirectSpec } from '../spec/redirect-spec.ts'
import { type BackendKind, backendKinds } from './backend-kind.ts'

/** Whether one way into the kernel works on this node. */
export type Capability =
  | { readonly works: true }
  /** Why it does not: the error of the first step that failed. */
  | { readonly works: false; readonly reason: string; readonly error?: IptablesError }

/** Which ways into the kernel work on this node. */
export type Capabilities = Readonly<Record<BackendKind, Capability>>

/** The ways to try, and with what. */
export interface DetectOptions extends CallOptions {
  /**
   * A socket of family NETLINK_NETFILTER in a namespace made for the purpose, never in a pod's:
   * rules are put there and taken away.
   */
  readonly netlink?: NetlinkTransport
  /** A runner in a namespace made for the purpose, for the ways that need a program. */
  readonly runner?: CommandRunner
  /** File that `iptables-legacy` locks instead of the host's; the namespace's own is a good one. */
  readonly lockFile?: string
  /** Families that have to work. Default: both. */
  readonly families?: readonly Family[]
}

const notTried: Capability = { works: false, reason: 'not tried: nothing to try it with was given' }

/**
 * Finds out which ways into the kernel work, by using each: rules are applied, verified and removed
 * in a namespace made for the purpose. That is done once per node, since it takes the time of many
 * commands. An error that says nothing about the node, such as an abort, is thrown.
 */
export async function detectCapabilities(options: DetectOptions): Promise<Capabilities> {
  const { netlink, runner, lockFile, families = ['ipv4', 'ipv6'] } = options
  const rules = plan(parseRedirectSpec({ families, excludeOutboundPorts: [1] }))
  const call: CallOptions = options.signal === undefined ? {} : { signal: options.signal }

  const attempt = async (backend: RedirectBackend | undefined): Promise<Capability> => {
    if (backend === undefined) return notTried
    try {
      await backend.apply(rules, call)
      const { ok } = await backend.verify(rules, call)
      await backend.remove(call)
      return ok ? { works: true } : { works: false, reason: 'rules are not there after apply' }
    } catch (error) {
      if (!(error instanceof IptablesError)) throw error
      return { works: false, reason: error.message, error }
    }
  }
  const lock = lockFile === undefined ? {} : { lockFile }
  const ways: Readonly<Record<BackendKind, RedirectBackend | undefined>> = {
    netlink: netlink && nftablesBackend({ netlink }),
    nft: runner && nftBackend({ runner }),
    'iptables-nft': runner && iptablesRestoreBackend({ runner, variant: 'nft', ...lock }),
    'iptables-legacy': runner && iptablesRestoreBackend({ runner, variant: 'legacy', ...lock }),
  }
  const found: Record<BackendKind, Capability> = {
    netlink: notTried,
    nft: notTried,
    'iptables-nft': notTried,
    'iptables-legacy': notTried,
  }
  for (const kind of backendKinds) found[kind] = await attempt(ways[kind])
  return found
}
