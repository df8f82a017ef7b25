// Requests one URL again and again, each on a connection of its own, until SIGTERM; then prints how
// many were answered and what the others failed with.
import { get } from 'node:http'

const [host, path] = process.argv.slice(2)
const result = { answered: 0, failures: [] }
let going = true
process.once('SIGTERM', () => (going = false))

function request() {
  return new Promise((resolve, reject) => {
    const call = get({ host, port: 9080, path, agent: false, timeout: 20_000 }, (response) => {
      response.resume()
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`status ${response.statusCode}`))
      })
    })
    call.on('timeout', () => call.destroy(new Error('no answer')))
    call.on('error', reject)
  })
}

console.log('started')
while (going) {
  try {
    await request()
    result.answered += 1
  } catch (error) {
    result.failures.push(error.message)
  }
  await new Promise((resolve) => setTimeout(resolve, 5))
}
console.log(JSON.stringify(result))
