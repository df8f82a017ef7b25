import { type CallOptions } from '../apply/backend.ts'
import { type Family } from '../model/family.ts'

/** One connection to be made inside a namespace. */
export interface ProbeRequest {
  readonly family: Family
  /** Address to connect to, and a port that nobody serves there. */
  readonly target: string
  readonly targetPort: number
  /** Port to listen on meanwhile, on all addresses, unless somebody else does. */
  readonly listenPort: number
  /** Owner of the connecting socket. */
  readonly uid: number
  readonly gid: number
  /** How long to wait for the connection, in milliseconds. */
  readonly timeoutMs: number
}

/** What became of the connection. */
export interface ProbedConnection {
  /** `connected`, or the error code, as `ECONNREFUSED`; `ETIMEDOUT` when nothing was heard. */
  readonly outcome: string
  /** Port of the connecting side; 0 when there was no connection. */
  readonly clientPort: number
  /**
   * Whether the own listener took it: `true` or `false`, or `undefined` when somebody else listens
   * on the port.
   */
  readonly isAccepted?: boolean | undefined
}

/** Makes connections inside one network namespace. `commandProber` runs a program for it. */
export interface ConnectionProber {
  connect(request: ProbeRequest, options?: CallOptions): Promise<ProbedConnection>
}
