// Opens a TCP connection, sends a request, and prints what came back until the other side closed.
import { connect } from 'node:net'

const [host, port] = process.argv.slice(2)
const socket = connect({ host, port: Number(port), timeout: 10_000 })
let text = ''
socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
socket.setEncoding('latin1').on('data', (chunk) => (text += chunk))
socket.on('timeout', () => socket.destroy(new Error('neither answered nor closed')))
socket.on('error', (error) => console.log(error.code === 'ECONNRESET' ? 'closed' : error.message))
socket.on('end', () => console.log(text === '' ? 'closed' : text))
