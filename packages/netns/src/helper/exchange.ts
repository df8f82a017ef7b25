import { errnoOf, NetnsError } from '../error.ts'
import { type Completion, completionOf } from '../netlink/completion.ts'
import { type Answer, type NamespaceRef } from '../protocol.ts'
import { inside } from './enter.ts'
import { type NetlinkSocket, openNetlinkSocket } from './netlink-socket.ts'
import { ReplyBuffer } from './reply-buffer.ts'
import { type Work } from './work.ts'

/**
 * Replies to one request take no more, bytes. Whoever is root in a namespace decides how much there is to
 * read, and who reads it needs ten times as much memory.
 */
const MAX_REPLY_BYTES = 16 * 1024 * 1024

/** How often it is looked whether replies were lost, milliseconds. */
const DROPS_INTERVAL_MS = 100

/**
 * Sends one datagram and collects the replies. The socket lives only as long: an open one would
 * keep the namespace alive after its pod is gone.
 */
export function exchange(ns: NamespaceRef, protocol: number, request: Uint8Array): Work {
  const completion = completionFor(request, protocol)
  const socket = open(ns, protocol, request.length)
  const replies = new ReplyBuffer()
  let cancel = (): void => undefined
  const result = new Promise<Answer>((resolve, reject) => {
    let open = true
    // Listeners run inside native code that bears neither exceptions nor that the socket is closed.
    const settle = (outcome: () => void): void => {
      if (!open) return
      open = false
      clearInterval(timer)
      setImmediate(() => {
        socket.raw.close()
        outcome()
      })
    }
    const fail = (error: unknown): void => settle(() => reject(failed(ns, error)))
    const failIfLost = (): void => {
      if (open && socket.drops() > 0) fail(overrun(ns))
    }
    const receive = (datagram: Uint8Array): void => {
      const { keep, complete } = completion.receive(datagram)
      if (keep) replies.add(datagram)
      if (replies.bytes.length > MAX_REPLY_BYTES) fail(overrun(ns))
      if (!complete) return
      failIfLost()
      settle(() => resolve({ value: replies.lengths, parts: [replies.bytes] }))
    }
    const timer = setInterval(failIfLost, DROPS_INTERVAL_MS)
    cancel = () => fail(new NetnsError('aborted', 'the exchange was given up'))
    socket.raw.on('message', (datagram, { port }) => {
      if (port !== 0 || !open) return // from another process, not from the kernel
      try {
        receive(datagram)
      } catch (error) {
        fail(error)
      }
    })
    socket.raw.on('error', fail)
    for (const datagram of [request, completion.fence]) {
      socket.raw.send(datagram, {}, (error) => error && fail(error))
    }
  })
  return { result, cancel: () => cancel() }
}

function completionFor(request: Uint8Array, protocol: number): Completion {
  try {
    return completionOf(request, protocol)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new NetnsError('invalid-argument', `send to netlink: ${why}`, { cause: error })
  }
}

function open(ns: NamespaceRef, protocol: number, bytes: number): NetlinkSocket {
  try {
    return inside(ns, () => openNetlinkSocket(protocol, bytes))
  } catch (error) {
    throw failed(ns, error)
  }
}

function failed(ns: NamespaceRef, error: unknown): NetnsError {
  if (error instanceof NetnsError) return error
  const errno = errnoOf(error)
  const message = `exchange in ${ns.path}: ${errno ?? String(error)}`
  return new NetnsError('netlink-failed', message, { cause: error, errno })
}

function overrun(ns: NamespaceRef): NetnsError {
  return new NetnsError(
    'netlink-overrun',
    `exchange in ${ns.path}: replies were lost, or are more than 16 MiB: ask for less at once`,
  )
}
