import { type IncomingMessage } from 'node:http'
import { AgentApiError } from './error.ts'
import { maxBodyBytes, type Operation, type Requests, routes } from './routes.ts'
import { requestSchemas } from './protocol.ts'

/**
 * Reads and checks the body of a request.
 * @throws AgentApiError `unsupported-media-type`, `payload-too-large` or `bad-request`
 */
export async function readBody<K extends Operation>(
  request: IncomingMessage,
  operation: K,
): Promise<Requests[K]> {
  if (routes[operation].method === 'GET') {
    if (hasBody(request)) throw new AgentApiError('bad-request', `${operation} takes no body`)
    return undefined as Requests[K]
  }
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new AgentApiError('unsupported-media-type', 'the body must be application/json')
  }
  const parsed = requestSchemas[operation].safeParse(await readJson(request))
  if (parsed.success) return parsed.data
  throw new AgentApiError('bad-request', `${operation}: ${issueText(parsed.error.issues)}`, {
    cause: parsed.error,
  })
}

function hasBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  return encoding !== undefined || (length !== undefined && length !== '0')
}

/** What zod found wrong: paths and expectations, never the values, which may be private. */
function issueText(issues: readonly { path: PropertyKey[]; message: string }[]): string {
  const texts = issues.slice(0, 3).map(({ path, message }) => {
    const at = path.map(String).join('.')
    return at === '' ? message : `${at}: ${message}`
  })
  return texts.join('; ').slice(0, 500)
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = await readText(request)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AgentApiError('bad-request', 'the body is not JSON', { cause: error })
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const tooLarge = (): AgentApiError =>
    new AgentApiError('payload-too-large', `the body is larger than ${maxBodyBytes} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  await new Promise<void>((resolve, reject) => {
    // Not `for await`: leaving that destroys the socket, and the answer with it.
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBodyBytes) {
        chunks.push(chunk)
        return
      }
      request.removeAllListeners('data')
      request.pause()
      reject(tooLarge())
    })
    request.on('end', resolve)
    request.on('error', reject)
    request.on('close', () => reject(new AgentApiError('bad-request', 'the body is not whole')))
  })
  return Buffer.concat(chunks).toString('utf8')
}
