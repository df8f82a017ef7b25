import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { type TestNetns } from '@proxy/testkit'

/** What the process in a namespace can be asked to do. */
export type ProbeRequest =
  | { readonly op: 'listen'; readonly port: number; readonly label: string }
  | { readonly op: 'datagram'; readonly host: string; readonly port: number }
  | {
      readonly op: 'connect'
      readonly host: string
      readonly port: number
      readonly uid: number
      readonly gid: number
      /** SO_MARK of the socket. */
      readonly mark?: number
      readonly source?: string
    }

/** Listens and connects inside a namespace; its process ends when disposed. */
export interface Prober extends AsyncDisposable {
  /** Answers every connection and datagram to the port, by both families, with the label. */
  listen(port: number, label: string): Promise<void>
  /** Label of the listener that took the connection, and the address it saw; or the error code. */
  connect(request: Omit<Extract<ProbeRequest, { op: 'connect' }>, 'op'>): Promise<string>
  /** Label of the socket that answered a datagram; or `timeout`. */
  datagram(host: string, port: number): Promise<string>
}

const child = fileURLToPath(new URL('probe-child.ts', import.meta.url))

/** Starts the process in the namespace. */
export async function startProber(netns: TestNetns): Promise<Prober> {
  const spawned = await netns.spawn([process.execPath, child])
  const { stdin, stdout } = spawned.process
  if (stdin === null || stdout === null) throw new Error('the prober has no pipes')
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  let queue: Promise<unknown> = Promise.resolve()
  const ask = (request: ProbeRequest): Promise<string> => {
    const answer = queue.then(async () => {
      stdin.write(`${JSON.stringify(request)}\n`)
      const line = await lines.next()
      if (line.done === true) throw new Error(`prober ended: ${spawned.output().stderr}`)
      return JSON.parse(line.value) as string
    })
    queue = answer.catch(() => undefined)
    return answer
  }
  return {
    async listen(port, label) {
      const answer = await ask({ op: 'listen', port, label })
      if (answer !== 'listening') throw new Error(`listen on ${port}: ${answer}`)
    },
    connect: (request) => ask({ op: 'connect', ...request }),
    datagram: (host, port) => ask({ op: 'datagram', host, port }),
    [Symbol.asyncDispose]: () => spawned[Symbol.asyncDispose](),
  }
}
