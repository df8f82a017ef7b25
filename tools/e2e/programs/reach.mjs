// Tries to read files and to connect to Unix sockets; prints what became of each, as JSON.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

const [files, sockets] = JSON.parse(process.argv[2])
const outcome = {}
for (const path of files) {
  try {
    outcome[path] = `${readFileSync(path).length} bytes`
  } catch (error) {
    outcome[path] = error.code
  }
}
for (const path of sockets) {
  outcome[path] = await new Promise((resolve) => {
    const socket = connect(path, () => resolve('connected'))
    socket.on('error', (error) => resolve(error.code))
  })
}
console.log(JSON.stringify(outcome))
process.exit(0)
