/**
 * The text of a program for Node (`node --input-type=module --eval <text>`) that makes one
 * connection: it reads a `ProbeRequest` as JSON from standard input and prints a
 * `ProbedConnection`. It has to be root to become the owner of the socket.
 */
export const probeProgram = `
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
let text = ''
for await (const chunk of process.stdin) text += chunk
const { family, target, targetPort, listenPort, uid, gid, timeoutMs } = JSON.parse(text)
const accepted = []
const server = createServer((socket) => {
  accepted.push(socket.remotePort)
  socket.on('error', () => undefined).end()
})
let isListening = true
try {
  server.listen({ port: listenPort, host: family === 'ipv6' ? '::' : '0.0.0.0', ipv6Only: true })
  await once(server, 'listening')
} catch (error) {
  if (error.code !== 'EADDRINUSE') throw error
  isListening = false
}
process.setgroups([])
process.setegid(gid)
process.seteuid(uid)
const socket = connect({ host: target, port: targetPort })
socket.setTimeout(timeoutMs, () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })))
let outcome = 'connected'
let clientPort = 0
try {
  await once(socket, 'connect')
  clientPort = socket.localPort
  if (isListening && accepted.length === 0) {
    // Whoever took it has done so by now; the own listener hears of it in the next round.
    const soon = new Promise((resolve) => setTimeout(resolve, Math.min(timeoutMs, 500)))
    await Promise.race([once(server, 'connection'), soon])
  }
} catch (error) {
  outcome = error.code ?? String(error)
}
socket.destroy()
server.close()
const isAccepted = isListening ? accepted.includes(clientPort) : undefined
process.stdout.write(JSON.stringify({ outcome, clientPort, isAccepted }))
process.exit(0)
`
