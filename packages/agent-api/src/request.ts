import { type IncomingMessage, type ServerResponse } from 'node:http'
import { AgentApiError } from './error.ts'
import { type RequestContext } from './handlers.ts'
import { deadlineHeader, maxDeadlineMs, type Operation, operations, routes } from './routes.ts'
import { apiVersion } from './types.ts'

/** The path of a request, bounded for use in messages. */
export function pathOf(request: IncomingMessage): string {
  const path = request.url ?? ''
  return path.length <= 128 ? path : `${path.slice(0, 128)}...`
}

/**
 * Which operation a request asks for.
 * @throws AgentApiError `not-found`, `unsupported-version` or `method-not-allowed`
 */
export function operationOf(method: string, path: string): Operation {
  const operation = operations.find((name) => routes[name].path === path)
  if (operation === undefined) {
    const [, version = ''] = /^\/(v\d+)\//.exec(path) ?? []
    if (version !== '' && version !== apiVersion) {
      throw new AgentApiError('unsupported-version', `this agent speaks ${apiVersion} only`)
    }
    throw new AgentApiError('not-found', `there is no ${JSON.stringify(path)} here`)
  }
  const route = routes[operation]
  if (route.method !== method) {
    throw new AgentApiError('method-not-allowed', `${path} takes ${route.method} only`)
  }
  return operation
}

/** A request's context; to be disposed when the request is answered. */
export interface DisposableContext extends RequestContext, Disposable {}

/** Joins the three ends a request can have: deadline, caller gone, server closing. */
export function contextOf(
  request: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
): DisposableContext {
  const timeoutMs = deadlineOf(request)
  const own = new AbortController()
  const timer = setTimeout(
    () => own.abort(new AgentApiError('deadline-exceeded', 'the deadline of the request passed')),
    timeoutMs,
  )
  const onGone = (): void => {
    if (!response.writableFinished) {
      own.abort(new AgentApiError('deadline-exceeded', 'the caller has gone'))
    }
  }
  const onClosing = (): void => own.abort(closing.reason)
  response.on('close', onGone)
  closing.addEventListener('abort', onClosing)
  if (closing.aborted) onClosing()
  return {
    signal: own.signal,
    timeoutMs,
    [Symbol.dispose]() {
      clearTimeout(timer)
      response.off('close', onGone)
      closing.removeEventListener('abort', onClosing)
    },
  }
}

/** @throws AgentApiError `bad-request` */
function deadlineOf(request: IncomingMessage): number {
  const text = request.headers[deadlineHeader]
  if (text === undefined) return maxDeadlineMs
  const deadline = typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (deadline < 1) {
    throw new AgentApiError('bad-request', `${deadlineHeader} must be a number of milliseconds`)
  }
  return Math.min(deadline, maxDeadlineMs)
}
