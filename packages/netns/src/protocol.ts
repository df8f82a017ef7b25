import { type NetnsErrorCode } from './error.ts'
import { type NetnsIdentity } from './identity.ts'

/** Raised when either side would not understand the other. */
export const PROTOCOL_VERSION = 1

/** The helper's end of the channel: a socket pair made by the process that starts it. */
export const CHANNEL_FD = 3

/** A namespace to enter, and which one it has to be. */
export interface NamespaceRef {
  readonly path: string
  readonly identity: NetnsIdentity
}

/** What the helper is asked. `exchange` and `run` have one binary part. */
export type HelperCall =
  | { readonly op: 'exchange'; readonly ns: NamespaceRef; readonly protocol: number }
  | { readonly op: 'sysctl-get'; readonly ns: NamespaceRef; readonly key: string }
  | {
      readonly op: 'sysctl-set'
      readonly ns: NamespaceRef
      readonly key: string
      readonly value: string
    }
  | {
      readonly op: 'run'
      readonly ns: NamespaceRef
      readonly argv: readonly [string, ...string[]]
      readonly env: Readonly<Record<string, string>>
      readonly timeoutMs: number
    }
  | { readonly op: 'stats' }

/** A frame to the helper: a call, or that nobody waits for the answer to one any more. */
export type RequestHeader =
  (HelperCall & { readonly id: number }) | { readonly op: 'cancel'; readonly id: number }

/** What the helper answers; `value` is for the call to know. */
export interface Answer {
  readonly value?: unknown
  readonly parts?: readonly Uint8Array[]
}

/** The first frame of a helper. */
export interface ReadyHeader {
  readonly ready: typeof PROTOCOL_VERSION
  readonly pid: number
  readonly netns: NetnsIdentity
}

/** Every later frame of a helper. */
export type ReplyHeader =
  | { readonly id: number; readonly ok: true; readonly value?: unknown }
  | { readonly id: number; readonly ok: false; readonly error: WireError }

/** A {@link NetnsError} on its way. */
export interface WireError {
  readonly code: NetnsErrorCode
  readonly message: string
  readonly errno?: string | undefined
}

/** State of the helper process, for metrics and tests. */
export interface HelperStats {
  readonly pid: number
  /** Resident memory, bytes. */
  readonly rssBytes: number
  /** Open file descriptors. */
  readonly openFds: number
  /** Threads of the process. */
  readonly threads: number
  /** Threads in another namespace than the process started in. Anything but 0 is a defect. */
  readonly foreignThreads: number
  /** Requests it is working on, this one left out. */
  readonly inFlight: number
}
