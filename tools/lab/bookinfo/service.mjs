// What the four programs share: a JSON service on port 9080 that knows nothing of proxies.
import { createServer, get } from 'node:http'

/** Serves `answer(path)` as JSON; what it throws becomes 502. */
export function serve(name, answer) {
  const server = createServer(async (request, response) => {
    try {
      const body = await answer(request.url ?? '/')
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(`${JSON.stringify(body)}\n`)
    } catch (error) {
      response.writeHead(502, { 'content-type': 'application/json' })
      response.end(`${JSON.stringify({ service: name, error: error.message })}\n`)
    }
  })
  // Every address, of both families where there are two.
  server.listen(9080, () => console.log(`${name} listens on 9080`))
}

/** Calls another service over plain HTTP. */
export function call(host, path) {
  return new Promise((resolve, reject) => {
    const request = get({ host, port: 9080, path, agent: false, timeout: 10_000 }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`${host}${path} answered ${response.statusCode}: ${text}`))
      })
    })
    request.on('timeout', () => request.destroy(new Error(`${host}${path}: no answer in 10 s`)))
    request.on('error', (error) => reject(new Error(`${host}${path}: ${error.message}`)))
  })
}
