import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Duplex } from 'node:stream'
import { AgentApiError, type WireErrorCode, wireErrorCodes } from './error.ts'
import { type ErrorBody } from './types.ts'

/** The HTTP status of each code. */
const STATUS: Readonly<Record<WireErrorCode, number>> = {
  'bad-request': 400,
  'not-found': 404,
  'unsupported-version': 404,
  'method-not-allowed': 405,
  'unsupported-media-type': 415,
  'payload-too-large': 413,
  'not-ready': 503,
  busy: 409,
  'deadline-exceeded': 504,
  'capture-failed': 502,
  'check-failed': 409,
  internal: 500,
}

/** What the caller is told: its own errors as they are, everything else without its text. */
export function toApiError(error: unknown, path: string): AgentApiError {
  if (error instanceof AgentApiError && wireCodeOf(error) !== undefined) return error
  return new AgentApiError('internal', `${path} failed inside the agent: see the agent's log`, {
    cause: error,
  })
}

function wireCodeOf(error: AgentApiError): WireErrorCode | undefined {
  return wireErrorCodes.find((code) => code === error.code)
}

/** Answers with an error. */
export function answerError(
  request: IncomingMessage,
  response: ServerResponse,
  error: AgentApiError,
): void {
  const status = STATUS[wireCodeOf(error) ?? 'internal']
  sendJson(request, response, status, bodyOf(error))
}

function bodyOf(error: AgentApiError): ErrorBody {
  return {
    error: {
      code: error.code,
      message: error.message,
      retryable: error.retryable,
      ...(error.cniCode !== undefined && { cniCode: error.cniCode }),
      ...(error.details !== undefined && { details: error.details }),
    },
  }
}

/** Sends an answer. The connection ends with it when the request was not read to its end. */
export function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: object,
): void {
  if (response.destroyed) return
  const text = `${JSON.stringify(body)}\n`
  response.statusCode = status
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', Buffer.byteLength(text))
  if (!request.complete) response.setHeader('connection', 'close')
  response.end(text)
}

/** Answers what is not HTTP, or came too slowly, and ends the connection. */
export function answerMalformed(error: Error, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const code = 'code' in error ? String(error.code) : ''
  const [status, words] = malformedStatus(code)
  const body = bodyOf(new AgentApiError('bad-request', words))
  const text = `${JSON.stringify(body)}\n`
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  )
}

function malformedStatus(code: string): [status: string, words: string] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return ['408 Request Timeout', 'the request did not arrive in time']
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return ['431 Request Header Fields Too Large', 'the headers are too large']
  }
  return ['400 Bad Request', 'the request is not HTTP/1.1']
}
