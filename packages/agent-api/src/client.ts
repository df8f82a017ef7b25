import { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { AgentApiError, type WireErrorCode, wireErrorCodes } from './error.ts'
import {
  deadlineHeader,
  livenessPath,
  maxBodyBytes,
  maxResponseBytes,
  type Operation,
  readinessPath,
  type Requests,
  type Responses,
  type Route,
  routes,
} from './routes.ts'
import { type ErrorBody } from './types.ts'

/** How to reach the agent. */
export interface AgentClientOptions {
  /** Path of the agent's socket. */
  readonly socketPath: string
  /**
   * Checks the body of a success, for example `validateResponse`. By default only its being a
   * JSON object is checked: zod costs a third of the plugin's start-up.
   */
  readonly validate?: <K extends Operation>(operation: K, body: unknown) => Responses[K]
}

/** Limits of one call. */
export interface CallOptions {
  /** How long the whole call may take, in milliseconds, waiting for the agent included. */
  readonly timeoutMs: number
  /**
   * How long to wait for an agent that is absent or not ready, in milliseconds. Default 0. The
   * request is sent again only when the agent has refused it as a whole.
   */
  readonly waitForAgentMs?: number
  /** Ends the call early, with code `aborted`. */
  readonly signal?: AbortSignal
}

/** Speaks to the agent. Every method rejects with an {@link AgentApiError}. */
export interface AgentClient {
  /** Calls one operation. */
  call<K extends Operation>(
    operation: K,
    request: Requests[K],
    options: CallOptions,
  ): Promise<Responses[K]>
  /** Whether the process serves requests; never waits for it. */
  alive(options: CallOptions): Promise<void>
  /** Whether the agent takes new pods; `not-ready` when it does not. */
  ready(options: CallOptions): Promise<void>
}

/** The pause between two attempts to reach the agent, in milliseconds. */
const RETRY_PAUSE = 50

/** A client for the agent behind one socket. It holds nothing open between calls. */
export function agentClient(options: AgentClientOptions): AgentClient {
  const { socketPath, validate } = options
  const probe = async (path: string, call: CallOptions): Promise<void> => {
    await exchange(socketPath, { method: 'GET', path }, undefined, call)
  }
  return {
    async call(operation, request, call) {
      const text = request === undefined ? undefined : JSON.stringify(request)
      if (text !== undefined && Buffer.byteLength(text) > maxBodyBytes) {
        throw new AgentApiError('payload-too-large', `${operation}: the request is too large`)
      }
      const body = await exchange(socketPath, routes[operation], text, call)
      if (validate === undefined) return body as Responses[typeof operation]
      try {
        return validate(operation, body)
      } catch (error) {
        throw badResponse('does not fit the protocol', error)
      }
    },
    alive: (call) => probe(livenessPath, call),
    ready: (call) => probe(readinessPath, call),
  }
}

/** Sends until the agent has taken the request, the patience is used up, or the deadline is over. */
async function exchange(
  socketPath: string,
  route: Route,
  text: string | undefined,
  options: CallOptions,
): Promise<object> {
  const start = performance.now()
  const left = (limit: number): number => limit - (performance.now() - start)
  for (;;) {
    try {
      return await attempt(socketPath, route, text, left(options.timeoutMs), options.signal)
    } catch (error) {
      const refused =
        error instanceof AgentApiError &&
        (error.code === 'agent-absent' || error.code === 'not-ready')
      const patience = Math.min(left(options.waitForAgentMs ?? 0), left(options.timeoutMs))
      if (!refused || patience <= 0) throw error
      await pause(Math.min(RETRY_PAUSE, patience), options.signal)
    }
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}

async function attempt(
  socketPath: string,
  route: Route,
  text: string | undefined,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<object> {
  // Loaded here, because a plugin that has nothing to ask should not pay for it at its start.
  const http = await import('node:http')
  const headers: Record<string, string> = {
    [deadlineHeader]: String(Math.max(1, Math.floor(timeoutMs))),
  }
  if (text !== undefined) {
    headers['content-type'] = 'application/json'
    headers['content-length'] = String(Buffer.byteLength(text))
  }
  const send = (options: RequestOptions): ClientRequest => http.request(options).end(text)
  return await answerTo(
    () => send({ socketPath, ...route, headers, agent: false }),
    socketPath,
    timeoutMs,
    signal,
  )
}

/** Sends a request and waits for its whole answer, the deadline or the signal. */
function answerTo(
  send: () => ClientRequest,
  socketPath: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<object> {
  const aborted = (): AgentApiError =>
    new AgentApiError('aborted', 'the call was aborted', { cause: signal?.reason })
  if (signal?.aborted === true) return Promise.reject(aborted())
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      cleanup()
      request.destroy()
      reject(error instanceof AgentApiError ? error : connectionError(error, socketPath))
    }
    const onAbort = (): void => fail(aborted())
    const onTimeout = (): void =>
      fail(new AgentApiError('timeout', 'no answer from the agent within the time allowed'))
    const timer = setTimeout(onTimeout, Math.max(0, timeoutMs))
    const cleanup = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    signal?.addEventListener('abort', onAbort)
    const request = send()
    request.on('error', fail)
    request.on('response', (response) => {
      readAnswer(response).then((answer) => {
        cleanup()
        resolve(answer)
      }, fail)
    })
  })
}

async function readAnswer(response: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxResponseBytes) throw badResponse('is too large')
    chunks.push(chunk)
  }
  if (!response.complete) {
    throw new AgentApiError('connection-lost', 'the agent closed the connection in its answer')
  }
  let body: unknown
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw badResponse('is not JSON', error)
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badResponse('is not a JSON object')
  }
  if (response.statusCode === 200) return body
  throw errorOf(body, response.statusCode ?? 0)
}

/** The error that the agent sent, as far as it is one. */
function errorOf(body: object, status: number): AgentApiError {
  const { error } = body as Partial<ErrorBody>
  const { code, message, cniCode, details } = (error ?? {}) as Partial<ErrorBody['error']>
  const known = wireErrorCodes.find((name): name is WireErrorCode => name === code)
  if (known === undefined || typeof message !== 'string') {
    return badResponse(`has status ${status} and no error of this protocol`)
  }
  return new AgentApiError(known, message, {
    cniCode: typeof cniCode === 'number' && Number.isInteger(cniCode) ? cniCode : undefined,
    details: typeof details === 'string' ? details : undefined,
  })
}

function badResponse(what: string, cause?: unknown): AgentApiError {
  return new AgentApiError('bad-response', `the agent's answer ${what}`, { cause })
}

/** Names what the system says about the socket. Bun has names of its own for some of it. */
function connectionError(error: unknown, socketPath: string): AgentApiError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
    case 'FailedToOpenSocket':
    case 'ConnectionRefused':
      return new AgentApiError(
        'agent-absent',
        `no agent listens on ${socketPath}: is proxy-agent running on this node?`,
        { cause: error },
      )
    case 'EACCES':
    case 'EPERM':
      return new AgentApiError(
        'permission-denied',
        `the agent's socket ${socketPath} may not be opened: run this as root`,
        { cause: error },
      )
    default:
      if (code.startsWith('HPE_') || code === 'Malformed_HTTP_Response') {
        return badResponse('is not HTTP', error)
      }
      return new AgentApiError('connection-lost', 'the agent closed the connection', {
        cause: error,
      })
  }
}
