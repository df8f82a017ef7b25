import { NetnsError } from './error.ts'
import { type HelperSupervisor } from './helper-supervisor.ts'
import { type NetnsSource } from './identity.ts'
import { namespaceRef } from './namespace-ref.ts'
import { type CallOptions, type NetlinkConnection, type NetlinkProtocol } from './netns-helper.ts'

/** Protocol numbers of netlink(7). */
const PROTOCOLS: Readonly<Record<NetlinkProtocol, number>> = {
  route: 0,
  sock_diag: 4,
  netfilter: 12,
}
/** Ten thousand rules take about as much; the helper's memory is bounded by it. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024

/** Connects to netlink in the namespace the source stands for now. */
export function connectionIn(
  helper: HelperSupervisor,
  source: NetnsSource,
  protocol: NetlinkProtocol,
): NetlinkConnection {
  const ns = namespaceRef(source)
  let open = true
  const close = (): void => {
    open = false
  }
  return {
    async exchange(messages: Uint8Array, { signal }: CallOptions = {}): Promise<Uint8Array[]> {
      if (!open) throw new NetnsError('invalid-argument', 'exchange: the connection is closed')
      if (messages.length > MAX_REQUEST_BYTES) {
        throw new NetnsError(
          'invalid-argument',
          `exchange: ${messages.length} bytes are too many, give at most ${MAX_REQUEST_BYTES}`,
        )
      }
      const call = { op: 'exchange', ns, protocol: PROTOCOLS[protocol] } as const
      const { value, parts } = await helper.call(call, { parts: [messages], signal })
      return split(parts[0] ?? new Uint8Array(), value as readonly number[])
    },
    close,
    [Symbol.dispose]: close,
  }
}

/** The reply datagrams come in one piece, with their lengths. */
function split(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  let at = 0
  return lengths.map((length) => bytes.subarray(at, (at += length)))
}
