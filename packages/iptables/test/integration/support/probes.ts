import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { type TestNetns } from '@proxy/testkit'

/** What the process in a namespace can be asked to do. */
export type ProbeRequest =
  | {
      readonly op: 'listen'
      readonly port: number
      readonly label: string
      /** As the proxy: take datagrams at the loopback addresses only, and so answer from them. */
      readonly local?: boolean
    }
  | {
      readonly op: 'datagram'
      readonly host: string
      readonly port: number
      readonly uid: number
      readonly gid: number
      /** From this port; any otherwise. */
      readonly from?: number
    }
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
  /** The same for a server of the proxy, which takes datagrams at loopback addresses only. */
  listenLocally(port: number, label: string): Promise<void>
  /** Label of the socket that answered a datagram from where it was sent to; or `timeout`. */
  datagram(request: Omit<Extract<ProbeRequest, { op: 'datagram' }>, 'op'>): Promise<string>
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
  const listen = async (request: Extract<ProbeRequest, { op: 'listen' }>): Promise<void> => {
    const answer = await ask(request)
    if (answer !== 'listening') throw new Error(`listen on ${request.port}: ${answer}`)
  }
  return {
    listen: (port, label) => listen({ op: 'listen', port, label }),
    listenLocally: (port, label) => listen({ op: 'listen', port, label, local: true }),
    connect: (request) => ask({ op: 'connect', ...request }),
    datagram: (request) => ask({ op: 'datagram', ...request }),
    [Symbol.asyncDispose]: () => spawned[Symbol.asyncDispose](),
  }
}
