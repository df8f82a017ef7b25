import { type SpiffeId } from './spiffe-id.ts'
import { type WorkloadIdentity } from './workload-identity.ts'

/** Options of {@link IdentitySource.issue}. */
export interface IssueOptions {
  /** Ends the wait; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** What a source tells those who watch it. */
export type SourceEvent =
  /** There may be a new identity or trust bundle: ask again with `issue`. */
  | { readonly kind: 'updated' }
  /** New material was refused; what was there before is still handed out. */
  | { readonly kind: 'rejected'; readonly error: Error }

/** Options of {@link IdentitySource.watch}. */
export interface WatchOptions {
  /** Ends the watch. */
  readonly signal: AbortSignal
  /** Called for each event, one at a time. Must not throw. */
  readonly onEvent: (event: SourceEvent) => void
}

/** Where identities come from. Each kind of source in this package is one implementation. */
export interface IdentitySource {
  /** A constant name of the kind for logs and events, such as `built-in`. */
  readonly name: string
  /** A valid identity for `id`. May be called again at any time, for each rotation too. */
  issue(id: SpiffeId, options?: IssueOptions): Promise<WorkloadIdentity>
  /** The roots that peers are checked against at this moment, PEM. */
  trustBundle(options?: IssueOptions): Promise<string>
  /** Reports changes until the signal aborts, then resolves. Absent where nothing can change. */
  watch?(options: WatchOptions): Promise<void>
}
