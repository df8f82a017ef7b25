import { IptablesError } from '../error.ts'
import { type BackendKind, backendKinds } from './backend-kind.ts'
import { type Capabilities, type Capability } from './capabilities.ts'
import { type ForeignMesh } from './meshes.ts'
import { type NamespaceUsage } from './usage.ts'

/** What may decide the choice beside what works. */
export interface ChooseOptions {
  /** The one to take; the choice fails when it does not work. Default: the best that works. */
  readonly force?: BackendKind | undefined
  /** What the namespace has already; absent for a choice that is made once for new namespaces. */
  readonly usage?: NamespaceUsage
}

/** A choice, and why. */
export interface Choice {
  readonly backend: BackendKind
  /** Why this one, in words. */
  readonly reason: string
  /** Ways by which rules of ours are there that the choice does not replace: remove them first. */
  readonly leftovers: readonly BackendKind[]
  /** Rules of other meshes that redirect the same connections; somebody has to take them away. */
  readonly meshes: readonly ForeignMesh[]
}

/**
 * Chooses among the ways that work: the forced one; else the one by which rules of others are there
 * already, when that is only `iptables-legacy`, whose tables the kernel keeps apart from all others;
 * else the first of netlink, nft, iptables-nft and iptables-legacy. Throws `unsupported` when the
 * forced one, or none, works.
 */
export function chooseBackend(capabilities: Capabilities, options: ChooseOptions = {}): Choice {
  const { force, usage } = options
  const { backend, reason } = choose(capabilities, force, usage)
  return {
    backend,
    reason,
    leftovers: leftoversOf(backend, usage),
    meshes: usage?.meshes ?? [],
  }
}

function choose(
  capabilities: Capabilities,
  force: BackendKind | undefined,
  usage: NamespaceUsage | undefined,
): Pick<Choice, 'backend' | 'reason'> {
  if (force !== undefined) {
    const { [force]: capability } = capabilities
    if (capability.works) return { backend: force, reason: 'asked for' }
    throw unsupported(`${force} was asked for and does not work: ${capability.reason}`, capability)
  }
  const isOnlyLegacy = usage?.others.join() === 'iptables-legacy'
  if (isOnlyLegacy && capabilities['iptables-legacy'].works) {
    return { backend: 'iptables-legacy', reason: 'rules of others are there by iptables-legacy' }
  }
  const first = backendKinds.find((kind) => capabilities[kind].works)
  if (first !== undefined) return { backend: first, reason: 'the first that works' }
  const reasons = backendKinds.map((kind) => {
    const { [kind]: capability } = capabilities
    return `${kind}: ${capability.works ? '' : capability.reason}`
  })
  throw unsupported(`no way into the kernel works: ${reasons.join('; ')}`)
}

function unsupported(message: string, capability?: Capability): IptablesError {
  const cause = capability?.works === false ? capability.error : undefined
  return new IptablesError('unsupported', message, cause === undefined ? {} : { cause })
}

/** Both ways to nf_tables make the same table, so either takes over from the other. */
function leftoversOf(
  backend: BackendKind,
  usage: NamespaceUsage | undefined,
): readonly BackendKind[] {
  const taken = backend === 'netlink' || backend === 'nft' ? 'nf_tables' : backend
  return (usage?.ours ?? [])
    .filter((used) => used !== taken)
    .map((used) => (used === 'nf_tables' ? 'nft' : used))
}
