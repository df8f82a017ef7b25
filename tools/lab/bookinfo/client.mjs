// Calls one service once, as a user would, and prints the answer.
import { call } from './service.mjs'

const [host, path = '/'] = process.argv.slice(2)
try {
  console.log(JSON.stringify(await call(host, path)))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
