import { connect } from 'node:net'

/** What came back on a raw connection, once the other side has closed it. */
export interface RawAnswer {
  /** Everything that was received, as text. */
  readonly text: string
  /** The HTTP status in its first line; 0 when there is none. */
  readonly status: number
}

/** Sends bytes as they are and collects what comes back until the server closes. */
export function sendRaw(
  socketPath: string,
  bytes: string | Buffer,
  options: { readonly halfClose?: boolean } = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ path: socketPath, allowHalfOpen: true })
    socket.on('data', (chunk) => chunks.push(chunk))
    // A server may close while a client still sends: what it said before counts.
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString('latin1')
      const [, status = '0'] = /^HTTP\/1\.1 (\d{3})/.exec(text) ?? []
      resolve({ text, status: Number(status) })
    })
    if (options.halfClose === true) socket.end(bytes)
    else socket.write(bytes)
  })
}

/** The text of a request that asks for the connection to be closed after it. */
export function httpText(
  line: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const all = {
    host: 'agent',
    connection: 'close',
    ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}
