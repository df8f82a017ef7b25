import { errnoOf, NetnsError } from '../error.ts'
import { type Completion, completionOf } from '../netlink/completion.ts'
import { type NamespaceRef } from '../protocol.ts'
import { inside } from './enter.ts'
import { openNetlinkSocket } from './netlink-socket.ts'
import { type Work } from './work.ts'

/** Replies to one request take no more, bytes. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024

/**
 * Sends one datagram and collects the replies. The socket lives only as long: an open one would
 * keep the namespace alive after its pod is gone.
 */
export function exchange(ns: NamespaceRef, protocol: number, request: Uint8Array): Work {
  const completion = completionFor(request, protocol)
  const socket = open(ns, protocol, request.length)
  const replies: Uint8Array[] = []
  let bytes = 0
  let close = (): void => socket.close()
  const result = new Promise<{ parts: readonly Uint8Array[] }>((resolve, reject) => {
    let open = true
    // Listeners run inside native code that cannot bear exceptions.
    const settle = (outcome: () => void): void => {
      if (!open) return
      open = false
      socket.close()
      outcome()
    }
    const fail = (error: unknown): void => settle(() => reject(failed(ns, error)))
    close = () => fail(new NetnsError('aborted', 'the exchange was given up'))
    socket.on('message', (datagram, { port }) => {
      if (port !== 0 || !open) return // from another process, not from the kernel
      try {
        const { keep, complete } = completion.receive(datagram)
        if (keep) replies.push(datagram)
        bytes += datagram.length
        if (bytes > MAX_REPLY_BYTES) throw overrun(ns, undefined)
        if (complete) settle(() => resolve({ parts: replies }))
      } catch (error) {
        fail(error)
      }
    })
    socket.on('error', fail)
    for (const datagram of [request, completion.fence]) {
      socket.send(datagram, {}, (error) => error && fail(error))
    }
  })
  return { result, cancel: () => close() }
}

function completionFor(request: Uint8Array, protocol: number): Completion {
  try {
    return completionOf(request, protocol)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new NetnsError('invalid-argument', `send to netlink: ${why}`, { cause: error })
  }
}

function open(
  ns: NamespaceRef,
  protocol: number,
  bytes: number,
): ReturnType<typeof openNetlinkSocket> {
  try {
    return inside(ns, () => openNetlinkSocket(protocol, bytes))
  } catch (error) {
    throw failed(ns, error)
  }
}

function failed(ns: NamespaceRef, error: unknown): NetnsError {
  if (error instanceof NetnsError) return error
  const errno = errnoOf(error)
  // The library's poll reports a socket that lost messages as a bad descriptor.
  if (errno === 'ENOBUFS' || errno === 'EBADF') return overrun(ns, error)
  return new NetnsError('netlink-failed', `exchange in ${ns.path}: ${errno ?? String(error)}`, {
    cause: error,
    errno,
  })
}

function overrun(ns: NamespaceRef, cause: unknown): NetnsError {
  const message = `exchange in ${ns.path}: replies were lost, ask for less at once`
  return new NetnsError('netlink-overrun', message, { cause })
}
