/** The codes an agent answers with. */
export const wireErrorCodes = [
  /** The request is not what its schema says. */
  'bad-request',
  /** No such route, or nothing known by that name. */
  'not-found',
  /** The path names a version of the protocol that the agent does not speak. */
  'unsupported-version',
  /** The route exists with another HTTP method. */
  'method-not-allowed',
  /** The body is not declared as JSON. */
  'unsupported-media-type',
  /** The body is larger than the agent takes. */
  'payload-too-large',
  /** The agent is starting or stopping. */
  'not-ready',
  /** Another request works on the same container, or too many requests are under way. */
  'busy',
  /** The deadline passed before the work was done. */
  'deadline-exceeded',
  /** The pod could not be captured; what was done has been undone. */
  'capture-failed',
  /** The pod's rules, sockets or proxy are not as they should be. */
  'check-failed',
  /** The agent failed in a way it has no code for. */
  'internal',
] as const

/** See {@link wireErrorCodes}. */
export type WireErrorCode = (typeof wireErrorCodes)[number]

/**
 * What the client or server itself finds wrong:
 * - `agent-absent`: nobody listens on the socket;
 * - `permission-denied`: the socket may not be opened by this user;
 * - `timeout`: no whole answer within the deadline;
 * - `connection-lost`: the agent closed in the middle;
 * - `bad-response`: the answer is not one of this protocol;
 * - `aborted`: the caller's signal fired;
 * - `socket-in-use`: another agent listens there;
 * - `socket-unusable`: something that is not our socket, or no directory of ours, is in the way.
 */
export type LocalErrorCode =
  | 'agent-absent'
  | 'permission-denied'
  | 'timeout'
  | 'connection-lost'
  | 'bad-response'
  | 'aborted'
  | 'socket-in-use'
  | 'socket-unusable'

/** Every code an {@link AgentApiError} can have. */
export type AgentApiErrorCode = WireErrorCode | LocalErrorCode

/** Whether the same request may succeed later without anybody changing anything. */
const RETRYABLE: ReadonlySet<AgentApiErrorCode> = new Set<AgentApiErrorCode>([
  'not-ready',
  'busy',
  'deadline-exceeded',
  'capture-failed',
  'agent-absent',
  'timeout',
  'connection-lost',
])

/** Parts of an error besides code and message. */
export interface AgentApiErrorOptions extends ErrorOptions {
  /** The CNI error code the plugin should print; the plugin chooses one from `code` when absent. */
  readonly cniCode?: number | undefined
  /** More for the person who looks into it; never a secret. */
  readonly details?: string | undefined
}

/** What went wrong between agent and caller. Handlers throw it to choose what the caller sees. */
export class AgentApiError extends Error {
  override readonly name = 'AgentApiError'
  /** Which kind of failure. */
  readonly code: AgentApiErrorCode
  /** See {@link AgentApiErrorOptions}. */
  readonly cniCode: number | undefined
  /** See {@link AgentApiErrorOptions}. */
  readonly details: string | undefined

  constructor(code: AgentApiErrorCode, message: string, options: AgentApiErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.cniCode = options.cniCode
    this.details = options.details
  }

  /** Whether the same request may succeed later without anybody changing anything. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code)
  }
}
