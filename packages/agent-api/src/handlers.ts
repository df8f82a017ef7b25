import { type Requests, type Responses } from './routes.ts'

/** What a handler is told besides the request. */
export interface RequestContext {
  /** Fires when the caller's deadline has passed, the caller has gone, or the server closes. */
  readonly signal: AbortSignal
  /** How long the caller waits from now on, in milliseconds. */
  readonly timeoutMs: number
}

/**
 * What the agent implements. Requests are checked before they arrive here. A handler throws
 * `AgentApiError` to choose code, message and CNI code of the answer; everything else it throws is
 * answered as `internal` without its text, which only goes to the log.
 */
export interface AgentHandlers {
  /** Captures a pod; may be repeated. */
  add(request: Requests['add'], context: RequestContext): Promise<Responses['add']>
  /** Releases a pod; may be repeated, and is no error when there is nothing. */
  del(request: Requests['del'], context: RequestContext): Promise<Responses['del']>
  /** Verifies a captured pod; throws `check-failed` when something is not as it should be. */
  check(request: Requests['check'], context: RequestContext): Promise<Responses['check']>
  /** Removes every sidecar of one network whose attachment is not listed. */
  gc(request: Requests['gc'], context: RequestContext): Promise<Responses['gc']>
  /** The state of the agent as a whole. */
  status(context: RequestContext): Promise<Responses['status']>
  /** Every sidecar of the node. */
  sidecars(context: RequestContext): Promise<Responses['sidecars']>
  /** What is known about one pod. */
  explain(request: Requests['explain'], context: RequestContext): Promise<Responses['explain']>
  /** Who answers. */
  version(context: RequestContext): Promise<Responses['version']>
  /**
   * Why no new pods are taken, or undefined when they are. While it gives a reason, `add` is
   * answered with `not-ready` and everything else is still served.
   */
  notReady(): string | undefined
}
