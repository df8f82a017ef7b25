// Runs inside a namespace: connects without a pause until stdin ends, then says who took how many
// of the connections.
import { connect } from 'node:net'

import { type LoadRequest, type LoadResult } from './load.ts'

const request = JSON.parse(process.argv[2] ?? '') as LoadRequest
const labels: Record<string, number> = {}
let isOver = false
process.stdin.on('end', () => (isOver = true)).resume()
process.setgid?.(request.gid)
process.setuid?.(request.uid)

/** Who took one connection: the first word of the answer, or the error code. */
function dial(host: string): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ host, port: request.port })
    socket.setTimeout(5000, () => socket.destroy(new Error('timeout')))
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    socket.on('error', (error: NodeJS.ErrnoException) => (text = error.code ?? error.message))
    socket.on('close', () => resolve(text.split(' ')[0] ?? ''))
  })
}

async function work(host: string): Promise<void> {
  while (!isOver) {
    const label = await dial(host)
    labels[label] = (labels[label] ?? 0) + 1
    if (labels[label] === 1) process.stdout.write(`${label}\n`)
  }
}

const hosts = Array.from({ length: request.parallel }, (_, at) => at % request.hosts.length)
await Promise.all(hosts.map((at) => work(request.hosts[at] ?? '')))
process.stdout.write(`${JSON.stringify({ labels } satisfies LoadResult)}\n`)
process.exit(0)
