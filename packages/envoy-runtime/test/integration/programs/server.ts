/** An application that knows nothing of proxies: one port per kind of conversation. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createHttp, type IncomingMessage } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { createServer as createTcp, type Socket } from 'node:net'
import { argv, stdout } from 'node:process'
import { createServer as createTls } from 'node:tls'
import { ports } from './ports.ts'

const [host = '0.0.0.0', certificate, key] = argv.slice(2)

const describe = (request: IncomingMessage): string =>
  JSON.stringify({
    method: request.method,
    url: request.url,
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
    remoteAddress: request.socket.remoteAddress,
  })

const echo = (socket: Socket): void => {
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
}

const http = createHttp({ maxHeaderSize: 256 * 1024 }, (request, response) => {
  const hash = createHash('sha256')
  let size = 0
  request.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    size += chunk.length
  })
  request.on('end', () => {
    response.setHeader('X-MiXed-Case', 'kept')
    response.setHeader('Server', 'my-own')
    response.end(
      JSON.stringify({
        ...(JSON.parse(describe(request)) as object),
        size,
        sha256: hash.digest('hex'),
      }),
    )
  })
})
const takeOver = (socket: Socket, head: Buffer, answer: string): void => {
  socket.write(`HTTP/1.1 ${answer}\r\n\r\n`)
  if (head.length > 0) socket.write(head)
  echo(socket)
}
http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
  takeOver(
    socket,
    head,
    `101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${String(request.headers.upgrade)}`,
  ),
)
http.on('connect', (_request: IncomingMessage, socket: Socket, head: Buffer) =>
  takeOver(socket, head, '200 Connection established'),
)

const http2 = createHttp2((request, response) => {
  response.setHeader('x-version', request.httpVersion)
  response.end(`h2 ${request.method} ${request.url}`)
})

const tls = createTls(
  {
    cert: readFileSync(certificate ?? ''),
    key: readFileSync(key ?? ''),
    ALPNProtocols: ['http/1.1', 'x-own'],
  },
  echo,
)

const bannerFirst = createTcp((socket) => {
  socket.write('220 hello\n')
  echo(socket)
})

const countThenAnswer = createTcp({ allowHalfOpen: true }, (socket) => {
  let size = 0
  socket.on('data', (chunk) => (size += chunk.length))
  socket.on('end', () => socket.end(`got ${size}`))
  socket.on('error', () => socket.destroy())
})

const servers = [
  [http, ports.http],
  [http2, ports.http2],
  [createTcp(echo), ports.echo],
  [bannerFirst, ports.banner],
  [countThenAnswer, ports.count],
  [tls, ports.tls],
] as const
await Promise.all(
  servers.map(
    ([server, port]) => new Promise<void>((resolve) => void server.listen(port, host, resolve)),
  ),
)
stdout.write('listening\n')
