import { IptablesError } from '../error.ts'
import { type NetlinkTransport, type RedirectBackend } from './backend.ts'

/** How the nf_tables back end works. */
export interface NftablesOptions {
  /** A socket of family NETLINK_NETFILTER, opened in the pod's network namespace. */
  readonly netlink: NetlinkTransport
}

/** The back end for nf_tables by netlink: one table of ours, replaced in one transaction. */
export function nftablesBackend(_options: NftablesOptions): RedirectBackend {
  const later = (): Promise<never> =>
    Promise.reject(new IptablesError('unsupported', 'not there yet'))
  return { apply: later, verify: later, remove: later }
}
