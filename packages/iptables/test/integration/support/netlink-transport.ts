import { fileURLToPath } from 'node:url'

import { type TestNetns } from '@proxy/testkit'

import { type NetlinkTransport, replyTracker } from '../../../src/index.ts'

const child = fileURLToPath(new URL('netlink-child.ts', import.meta.url))

/** A transport into a namespace; the process behind it ends when disposed. */
export type TestTransport = NetlinkTransport & AsyncDisposable

/**
 * Opens NETLINK_NETFILTER inside the namespace, by a process of its own that `prefix` starts, as
 * `setpriv …`.
 */
export async function openTransport(
  netns: TestNetns,
  prefix?: readonly [string, ...string[]],
): Promise<TestTransport> {
  const argv = [process.execPath, child] as const
  const spawned = await netns.spawn(prefix === undefined ? argv : [...prefix, ...argv])
  const { stdin, stdout } = spawned.process
  if (stdin === null || stdout === null) throw new Error('the transport has no pipes')
  let received: (datagram: Uint8Array) => void = () => undefined
  let failed: (error: Error) => void = () => undefined
  let pending = Buffer.alloc(0)
  // The sandbox reads stdout as text for its logs; the raw bytes are wanted here.
  stdout.removeAllListeners('data')
  stdout.on('data', (chunk: Buffer | string) => {
    pending = Buffer.concat([
      pending,
      typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk,
    ])
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const end = 4 + pending.readUInt32BE(0)
      received(new Uint8Array(pending.subarray(4, end)))
      pending = pending.subarray(end)
    }
  })
  stdout.setEncoding('latin1')
  spawned.process.once('close', () =>
    failed(new Error(spawned.output().stderr || 'transport ended')),
  )
  // Written to a process that is gone.
  stdin.on('error', (error) => failed(error))
  let queue: Promise<unknown> = Promise.resolve()
  return {
    exchange(messages) {
      const answer = queue.then(
        () =>
          new Promise<Uint8Array[]>((resolve, reject) => {
            const datagrams: Uint8Array[] = []
            const tracker = replyTracker(messages)
            failed = reject
            received = (datagram) => {
              datagrams.push(datagram)
              if (tracker.accept(datagram)) resolve(datagrams)
            }
            const length = Buffer.alloc(4)
            length.writeUInt32BE(messages.length)
            stdin.write(Buffer.concat([length, messages]))
          }),
      )
      queue = answer.catch(() => undefined)
      return answer
    },
    [Symbol.asyncDispose]: () => spawned[Symbol.asyncDispose](),
  }
}
