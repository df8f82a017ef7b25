// Runs inside a namespace as root: listens where it is told, and connects as whom it is told.
// One request per line of stdin, one answer per line of stdout.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

import { type ProbeRequest } from './probes.ts'

const timeoutMs = 3000

async function listen({ port, label }: Extract<ProbeRequest, { op: 'listen' }>): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(`${label} ${(socket.remoteAddress ?? '').replace('::ffff:', '')}`)
  })
  server.listen({ host: '::', port })
  await once(server, 'listening')
  return 'listening'
}

/** The kernel's owner of a socket is the effective user at the time it is made. */
async function dial(request: Extract<ProbeRequest, { op: 'connect' }>): Promise<string> {
  const { uid, gid, host, port, source } = request
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
  const answer = request.op === 'listen' ? await listen(request) : await dial(request)
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
process.exit(0)
