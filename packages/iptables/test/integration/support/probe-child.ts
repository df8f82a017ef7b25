// Runs inside a namespace as root: listens where it is told, and connects as whom it is told.
// One request per line of stdin, one answer per line of stdout.
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

import { type ProbeRequest } from './probes.ts'

const timeoutMs = 3000
const proxyUid = 1337

async function listen(request: Extract<ProbeRequest, { op: 'listen' }>): Promise<string> {
  const { port, label, local = false } = request
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(`${label} ${(socket.remoteAddress ?? '').replace('::ffff:', '')}`)
  })
  server.listen({ host: '::', port })
  await once(server, 'listening')
  for (const address of local ? ['127.0.0.1', '::1'] : ['::']) {
    const datagrams = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    datagrams.on('message', (_, sender) => datagrams.send(label, sender.port, sender.address))
    // Rules know the proxy's answers by their owner.
    if (local) process.seteuid?.(proxyUid)
    datagrams.bind({ address, port })
    await once(datagrams, 'listening')
    if (local) process.seteuid?.(0)
  }
  return 'listening'
}

async function ask(request: Extract<ProbeRequest, { op: 'datagram' }>): Promise<string> {
  const { host, port, uid, gid, from } = request
  process.setegid?.(gid)
  process.seteuid?.(uid)
  const type = host.includes(':') ? 'udp6' : 'udp4'
  const socket = createSocket({ type, reuseAddr: true })
  try {
    if (from !== undefined) {
      socket.bind(from)
      await once(socket, 'listening')
    }
    // A connected socket takes answers from that address and port only, as resolvers do.
    socket.connect(port, host)
    await once(socket, 'connect')
    socket.send('?')
    const [answer] = (await once(socket, 'message', {
      signal: AbortSignal.timeout(timeoutMs),
    })) as [Buffer]
    return answer.toString()
  } catch (error) {
    return (error as Error).name === 'AbortError' ? 'timeout' : (error as Error).message
  } finally {
    socket.close()
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

function answer(request: ProbeRequest): Promise<string> {
  switch (request.op) {
    case 'listen':
      return listen(request)
    case 'connect':
      return dial(request)
    case 'datagram':
      return ask(request)
  }
}

/** Node cannot set a mark. The owner is the effective user when the socket is made. */
const marked = `
import os, socket, sys
host, port, uid, gid, mark, source = sys.argv[1:7]
os.setegid(int(gid)); os.seteuid(int(uid))
s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
os.seteuid(0); os.setegid(0)
s.settimeout(3)
s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(mark))
if source: s.bind((source, 0))
try:
    s.connect((host, int(port)))
    print(s.recv(200).decode())
except OSError as error:
    print('ECONNREFUSED' if isinstance(error, ConnectionRefusedError) else error)
`

function dialMarked(request: Extract<ProbeRequest, { op: 'connect' }>): Promise<string> {
  const { host, port, uid, gid, mark = 0, source = '' } = request
  const argv = ['-c', marked, host, port, uid, gid, mark, source].map(String)
  return new Promise((resolve) => {
    execFile('python3', argv, (error, stdout, stderr) => {
      resolve(stdout.trim() || stderr.trim() || (error?.message ?? ''))
    })
  })
}

/** The kernel's owner of a socket is the effective user at the time it is made. */
async function dial(request: Extract<ProbeRequest, { op: 'connect' }>): Promise<string> {
  const { uid, gid, host, port, source } = request
  if (request.mark !== undefined) return dialMarked(request)
  process.setegid?.(gid)
  process.seteuid?.(uid)
  try {
    const socket = connect({
      host,
      port,
      ...(source === undefined ? {} : { localAddress: source }),
    })
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timeout')))
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    await once(socket, 'close')
    return text === '' ? 'closed' : text
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as ProbeRequest
  process.stdout.write(`${JSON.stringify(await answer(request))}\n`)
}
process.exit(0)
