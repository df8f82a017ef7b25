import { iptablesRestoreBackend } from '../apply/iptables-restore.ts'
import { ipRouteControl } from '../apply/ip-route-control.ts'
import { nftBackend } from '../apply/nft.ts'
import { type RedirectBackend, type Verification } from '../apply/backend.ts'
import { type RouteControl } from '../apply/routes.ts'
import { IptablesError } from '../error.ts'
import { istioBackend } from '../istio/backend.ts'
import { type OwnerIds } from '../istio/normal-form.ts'
import { plan } from '../plan/plan.ts'
import { type BackendName } from './choose-backend.ts'
import { UsageError } from './exit-code.ts'
import { type Wanted } from './input.ts'
import { type CommandIo } from './io.ts'

/** The kernel's packet filters, for rules of either form. */
export interface Kernel {
  /** Makes the rules be there; says whether that is known to have changed anything. */
  apply(wanted: Wanted, force: boolean): Promise<boolean | undefined>
  verify(wanted: Wanted): Promise<Verification>
  remove(wanted: Wanted): Promise<void>
}

/** This namespace's own file: the host's lock has nothing to do with its rules. */
const lockFile = '/proc/self/ns/net'

/** Opens the kernel through one back end. */
export function kernelBy(io: CommandIo, name: BackendName, ids: OwnerIds): Kernel {
  const { runner } = io
  const routes = lenient(ipRouteControl({ runner }))
  const own = (): RedirectBackend =>
    name === 'nft'
      ? nftBackend({ runner, routes })
      : iptablesRestoreBackend({ runner, variant: variantOf(name), lockFile, routes })
  const istio = (): ReturnType<typeof istioBackend> =>
    istioBackend({ runner, variant: variantOf(name), ids, lockFile })
  return {
    async apply(wanted, force) {
      if (wanted.form === 'istio') return await istio().apply(wanted.config, { force })
      await own().apply(plan(wanted.spec))
      return undefined
    },
    verify: (wanted) =>
      wanted.form === 'istio' ? istio().verify(wanted.config) : own().verify(plan(wanted.spec)),
    async remove(wanted) {
      if (wanted.form === 'istio') await istio().remove(wanted.config)
      else await own().remove()
    },
  }
}

/** Where `ip` is not installed there is nothing of ours in the routing, and nothing can be added. */
function lenient(routes: RouteControl): RouteControl {
  return {
    ...routes,
    async list(call) {
      try {
        return await routes.list(call)
      } catch (error) {
        if (error instanceof IptablesError && error.code === 'unsupported') return []
        throw error
      }
    },
  }
}

function variantOf(name: BackendName): 'nft' | 'legacy' {
  if (name === 'nft') {
    throw new UsageError('--compat istio needs --backend iptables-nft or iptables-legacy')
  }
  return name === 'iptables-nft' ? 'nft' : 'legacy'
}
