import { AgentApiError, type AgentApiErrorCode } from '@proxy/agent-api/error'
import { CniError, cniErrorCodes } from '@proxy/cni-types'
import { PolicyError } from '@proxy/policy'

/** The plugin's own CNI error codes; the specification leaves 100 and above to plugins. */
const ownErrorCodes = {
  /** An annotation of the pod has a value that is not allowed: change the pod. */
  annotationInvalid: 100,
  /** CHECK: rules, sockets or proxy are not as they should be. */
  checkFailed: 101,
} as const

/** The CNI code of each failure to be served by the agent, where the agent names none. */
const AGENT_CODES: Readonly<Record<AgentApiErrorCode, number>> = {
  'agent-absent': cniErrorCodes.tryAgainLater,
  timeout: cniErrorCodes.tryAgainLater,
  'connection-lost': cniErrorCodes.tryAgainLater,
  'bad-response': cniErrorCodes.tryAgainLater,
  'not-ready': cniErrorCodes.tryAgainLater,
  busy: cniErrorCodes.tryAgainLater,
  'deadline-exceeded': cniErrorCodes.tryAgainLater,
  'capture-failed': cniErrorCodes.tryAgainLater,
  aborted: cniErrorCodes.tryAgainLater,
  'permission-denied': cniErrorCodes.ioFailure,
  'socket-in-use': cniErrorCodes.ioFailure,
  'socket-unusable': cniErrorCodes.ioFailure,
  'bad-request': cniErrorCodes.invalidEnvironment,
  'payload-too-large': cniErrorCodes.invalidNetworkConfig,
  'check-failed': ownErrorCodes.checkFailed,
  'not-found': cniErrorCodes.internal,
  'unsupported-version': cniErrorCodes.internal,
  'method-not-allowed': cniErrorCodes.internal,
  'unsupported-media-type': cniErrorCodes.internal,
  internal: cniErrorCodes.internal,
}

/** The one place where errors become CNI error numbers. */
export function toCniError(error: unknown): CniError {
  if (error instanceof CniError) return error
  if (error instanceof AgentApiError) {
    const code = error.cniCode ?? AGENT_CODES[error.code]
    return new CniError(code, `agent: ${error.message}`, error.details, { cause: error })
  }
  if (error instanceof PolicyError) {
    const code =
      error.code === 'annotation-invalid'
        ? ownErrorCodes.annotationInvalid
        : cniErrorCodes.invalidNetworkConfig
    return new CniError(code, error.message, undefined, { cause: error })
  }
  return CniError.from(error)
}
