import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Duplex } from 'node:stream'
import { answerError, answerMalformed, sendJson, toApiError } from './answer.ts'
import { AgentApiError } from './error.ts'
import { type AgentHandlers, type RequestContext } from './handlers.ts'
import { perform } from './perform.ts'
import { readBody } from './read-body.ts'
import { livenessPath, type Operation, readinessPath } from './routes.ts'
import { contextOf, operationOf, pathOf } from './request.ts'
import { claimSocket } from './socket.ts'

/** Where the server's own events go. Never a body, an annotation or an identity's key. */
export interface ServerLog {
  /** Each answered request. */
  debug(message: string, fields: Record<string, unknown>): void
  /** Each request that failed for the agent's own reasons. */
  error(message: string, fields: Record<string, unknown>): void
}

/** How to serve. */
export interface AgentServerOptions {
  /** Path of the socket, made 0600. Its directory is made 0700, or has to be so already. */
  readonly socketPath: string
  /** What does the work. */
  readonly handlers: AgentHandlers
  /** Default: silent. */
  readonly log?: ServerLog
  /** Connections at a time; further ones are closed at once. Default 512. */
  readonly maxConnections?: number
  /** How long a client may take to send its request, in milliseconds. Default 10 s. */
  readonly requestTimeoutMs?: number
}

/** A server that runs. */
export interface AgentServer extends AsyncDisposable {
  /** Path of the socket. */
  readonly socketPath: string
  /**
   * Takes no new connection, waits for requests under way, then aborts them and removes the
   * socket. May be called again.
   * @param graceMs how long to wait, in milliseconds; default 5 s.
   */
  close(graceMs?: number): Promise<void>
}

const silent: ServerLog = { debug: () => undefined, error: () => undefined }

/**
 * Serves the protocol on a Unix socket that only the own user may open.
 * @throws AgentApiError `socket-in-use` or `socket-unusable`, see {@link claimSocket}.
 */
export async function agentServer(options: AgentServerOptions): Promise<AgentServer> {
  const { socketPath, handlers, log = silent, requestTimeoutMs = 10_000 } = options
  const closing = new AbortController()
  const server = createServer(
    {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(500, requestTimeoutMs),
      keepAliveTimeout: 1_000,
      maxHeaderSize: 16_384,
    },
    (request, response) => {
      void serve(request, response, handlers, closing.signal, log)
    },
  )
  server.maxConnections = options.maxConnections ?? 512
  server.on('clientError', (error: Error, socket: Duplex) => answerMalformed(error, socket))
  // Nobody upgrades or tunnels here, and a waiting `100-continue` client may send its body.
  server.on('connect', (_request, socket) => socket.destroy())
  server.on('upgrade', (_request, socket) => socket.destroy())
  const claim = await claimSocket(server, socketPath)
  const close = once(async (graceMs: number): Promise<void> => {
    await claim.release()
    await closeServer(server, graceMs, closing)
  })
  return {
    socketPath,
    close: (graceMs = 5_000) => close(graceMs),
    [Symbol.asyncDispose]: () => close(5_000),
  }
}

function once(work: (graceMs: number) => Promise<void>): (graceMs: number) => Promise<void> {
  let running: Promise<void> | undefined
  return (graceMs) => (running ??= work(graceMs))
}

async function closeServer(
  server: Server,
  graceMs: number,
  closing: AbortController,
): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  const timer = setTimeout(() => {
    closing.abort(new AgentApiError('not-ready', 'the agent is stopping'))
    // One turn for handlers to answer what they make of the abort.
    setTimeout(() => server.closeAllConnections(), 250).unref()
  }, graceMs)
  await closed
  clearTimeout(timer)
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: AgentHandlers,
  closing: AbortSignal,
  log: ServerLog,
): Promise<void> {
  const start = performance.now()
  const path = pathOf(request)
  let code = 'ok'
  try {
    sendJson(request, response, 200, await answer(request, response, path, handlers, closing))
  } catch (error) {
    const failure = toApiError(error, path)
    code = failure.code
    if (failure !== error) log.error('request failed', { path, error: textOf(error) })
    answerError(request, response, failure)
  }
  const durationMs = Math.round(performance.now() - start)
  log.debug('request answered', { method: request.method, path, code, durationMs })
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'not an error'
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  handlers: AgentHandlers,
  closing: AbortSignal,
): Promise<object> {
  if (path === livenessPath) return { alive: true }
  const notReady = handlers.notReady()
  if (path === readinessPath) {
    if (notReady !== undefined) throw new AgentApiError('not-ready', notReady)
    return { ready: true }
  }
  const operation: Operation = operationOf(request.method ?? '', path)
  if (operation === 'add' && notReady !== undefined) throw new AgentApiError('not-ready', notReady)
  const body = await readBody(request, operation)
  using context = contextOf(request, response, closing)
  return await withinDeadline(perform(operation, body, handlers, context), context)
}

/** The caller gets its answer at the deadline, also from a handler that does not look at the clock. */
async function withinDeadline(work: Promise<object>, context: RequestContext): Promise<object> {
  const { signal } = context
  return await new Promise((resolve, reject) => {
    const late = (): void => reject(signal.reason as Error)
    work.then(resolve, reject)
    if (signal.aborted) setTimeout(late, 200)
    // Handlers that do look have a moment to say something better.
    else signal.addEventListener('abort', () => setTimeout(late, 200), { once: true })
  })
}
