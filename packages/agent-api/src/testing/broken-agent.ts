import { createServer, type Socket } from 'node:net'

/** Ways in which an agent can be no agent. */
export const brokenBehaviours = [
  /** Takes the request and never answers. */
  'silent',
  /** Closes as soon as something arrives. */
  'closes',
  /** Answers what is not HTTP. */
  'garbage',
  /** Promises more than it sends, then closes. */
  'half',
  /** Answers HTTP whose body is not JSON. */
  'not-json',
  /** Answers JSON that is not an object. */
  'not-an-object',
  /** Answers an error that is none of the protocol's. */
  'odd-error',
] as const

/** See {@link brokenBehaviours}. */
export type BrokenBehaviour = (typeof brokenBehaviours)[number]

const HALF = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"si'

const BEHAVE: Readonly<Record<BrokenBehaviour, (socket: Socket) => void>> = {
  silent: () => undefined,
  closes: (socket) => socket.destroy(),
  garbage: (socket) => socket.end('\u0000\u0001 this is not HTTP\r\n\r\n'),
  half: (socket) => socket.end(HALF),
  'not-json': (socket) => socket.end(http('200 OK', '<html>hello</html>')),
  'not-an-object': (socket) => socket.end(http('200 OK', '[1, 2]')),
  'odd-error': (socket) => socket.end(http('500 Oops', '{"error":{"code":"?"}}')),
}

function http(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** Listens like an agent and behaves as told. */
export async function brokenAgent(
  socketPath: string,
  behaviour: BrokenBehaviour,
): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', () => BEHAVE[behaviour](socket))
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
