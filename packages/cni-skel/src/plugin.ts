import { type CniResult, type NetConf } from '@proxy/cni-types'

/** The verbs that reach a plugin; VERSION is answered for it. */
export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS'

/** One call of a runtime, checked. */
export interface CniCall {
  /** What is asked for. */
  readonly command: CniCommand
  /** `CNI_CONTAINERID`; empty for GC and STATUS unless the runtime set it. */
  readonly containerId: string
  /** `CNI_NETNS`; `undefined` when it is empty: DEL of a container whose namespace is gone. */
  readonly netns: string | undefined
  /** `CNI_IFNAME`; empty for GC and STATUS unless the runtime set it. */
  readonly ifname: string
  /** `CNI_ARGS` as it came; `parseCniArgs` and `podOf` of `@proxy/cni-types` read it. */
  readonly args: string
  /** `CNI_PATH` as it came: folders with plugins, between colons. */
  readonly path: string
  /** Exactly the bytes that came on stdin. */
  readonly stdin: Uint8Array
  /** The configuration in them. */
  readonly conf: NetConf
}

/**
 * A plugin. A `CniError` that a verb throws is printed as it is, anything else as code 999. All verbs
 * have to bear being repeated, and DEL to find nothing left.
 */
export interface CniPlugin {
  /** Name and version, for people who run the plugin without a verb. */
  readonly about?: string
  /** Versions of the specification it supports. Default: all of 0.1.0 to 1.1.0. */
  readonly versions?: readonly string[]
  /** Attaches a container. The result is printed in the version of the configuration. */
  add(call: CniCall): CniResult | Promise<CniResult>
  /** Undoes ADD as far as there is something to undo. */
  del(call: CniCall): void | Promise<void>
  /** Throws when an attachment is not as ADD left it. Default: all is well. */
  check?(call: CniCall): void | Promise<void>
  /** Removes what `validAttachmentsOf(call.conf)` does not name. Default: nothing to remove. */
  gc?(call: CniCall): void | Promise<void>
  /** Throws, with code 50 or 51, when ADD could not be served. Default: it can. */
  status?(call: CniCall): void | Promise<void>
}
