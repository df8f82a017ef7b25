/** One conversation with the test application; prints what it saw as JSON. Exit code 1: it failed. */
import { createHash, randomBytes } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { argv, exit, stdin, stdout } from 'node:process'
import { connect as connectTls } from 'node:tls'

const [kind = '', host = '', portText = '', extra = ''] = argv.slice(2)
const port = Number(portText)

/** Sends bytes as they are and reads to the end. */
function raw(text: string, end: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true })
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('connect', () => (end ? socket.end(text) : socket.write(text)))
    socket.on('data', (chunk: string) => (answer += chunk))
    socket.on('end', () => {
      socket.end()
      resolve(answer)
    })
    socket.on('error', reject)
  })
}

/** Sends bytes and reads until an answer of this length is there. */
function talk(text: string, length: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('connect', () => {
      if (text !== '') socket.write(text)
    })
    socket.on('data', (chunk: string) => {
      answer += chunk
      if (answer.length >= length) {
        socket.destroy()
        resolve(answer)
      }
    })
    socket.on('close', () => reject(new Error(`closed after ${JSON.stringify(answer)}`)))
    socket.on('error', reject)
  })
}

function http(options: {
  method?: string
  path?: string
  headers?: Record<string, string>
  body?: Buffer
}): Promise<object> {
  return new Promise((resolve, reject) => {
    const call = request({ host, port, agent: false, ...options }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode, rawHeaders: response.rawHeaders, body }),
      )
    })
    call.on('error', reject)
    call.end(options.body)
  })
}

/** Changes protocol, then sends a text and waits for it to come back. */
function upgraded(method: 'upgrade' | 'connect'): Promise<object> {
  return new Promise((resolve, reject) => {
    const call = request({
      ...{ host, port, agent: false },
      ...(method === 'connect'
        ? { method: 'CONNECT', path: 'example.test:443' }
        : { headers: { Connection: 'Upgrade', Upgrade: extra } }),
    })
    call.on(method, (response: IncomingMessage, socket: Socket) => {
      let text = ''
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        if (text === 'ping over it') {
          socket.destroy()
          resolve({ status: response.statusCode, text })
        }
      })
      socket.on('close', () => reject(new Error(`closed after ${text}`)))
      socket.write('ping over it')
    })
    call.on('response', (response) => {
      response.resume()
      resolve({ status: response.statusCode })
    })
    call.on('error', reject)
    call.end()
  })
}

function http2(): Promise<object> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://${host.includes(':') ? `[${host}]` : host}:${port}`)
    session.on('error', reject)
    const stream = session.request({ ':path': '/two', ':method': 'GET' })
    let body = ''
    let version: unknown
    stream.setEncoding('utf8')
    stream.on('response', (headers) => (version = headers['x-version']))
    stream.on('data', (chunk: string) => (body += chunk))
    stream.on('error', reject)
    stream.on('end', () => {
      session.close()
      resolve({ body, version })
    })
    stream.end()
  })
}

function tls(alpn: string[]): Promise<object> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      ...{ host, port, rejectUnauthorized: false },
      ...(alpn.length > 0 ? { ALPNProtocols: alpn } : {}),
    })
    socket.on('secureConnect', () => socket.write('inside'))
    socket.on('data', (chunk: Buffer) => {
      const { subject } = socket.getPeerCertificate()
      socket.destroy()
      resolve({ text: chunk.toString(), server: subject.CN, alpn: socket.alpnProtocol })
    })
    socket.on('close', () => reject(new Error('closed')))
    socket.on('error', reject)
  })
}

/** One connection for as long as standard input is open: each line goes out, and must come back. */
async function hold(): Promise<void> {
  const socket = connect({ host, port })
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => stdout.write(chunk))
  socket.on('close', () => {
    stdout.write('closed\n')
    exit(1)
  })
  socket.on('error', (error) => stdout.write(`${error.message}\n`))
  for await (const chunk of stdin) socket.write(chunk as Buffer)
  exit(0)
}

const body = (): Buffer => randomBytes(Number(extra))
const conversations: Record<string, () => Promise<unknown>> = {
  get: () => http({ path: extra, headers: { 'X-Client-CASE': 'Kept' } }),
  'request-id': () => http({ headers: { 'x-request-id': extra } }),
  method: () => http({ method: extra }),
  'big-headers': () => http({ headers: { 'x-big': 'b'.repeat(Number(extra)) } }),
  post: async () => {
    const bytes = body()
    const answer = await http({ method: 'POST', body: bytes })
    return { ...answer, sent: createHash('sha256').update(bytes).digest('hex') }
  },
  http2,
  upgrade: () => upgraded('upgrade'),
  connect: () => upgraded('connect'),
  tls: () => tls(extra === '' ? [] : extra.split(',')),
  raw: () => raw(Buffer.from(extra, 'base64').toString('latin1'), false),
  'half-close': () => raw('h'.repeat(Number(extra)), true),
  echo: () => talk(extra, extra.length),
  banner: () => talk('', 1),
  hold,
}

try {
  const answer = await conversations[kind]?.()
  stdout.write(JSON.stringify(answer))
} catch (error) {
  stdout.write(JSON.stringify({ error: String(error) }))
  exit(1)
}
