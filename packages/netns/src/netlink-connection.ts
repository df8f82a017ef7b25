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
/** More than the kernel takes in one datagram. */
const MAX_REQUEST_BYTES = 32 * 1024 * 1024

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
        throw new NetnsError('invalid-argument', `exchange: ${messages.length} bytes are too many`)
      }
      const call = { op: 'exchange', ns, protocol: PROTOCOLS[protocol] } as const
      const { parts } = await helper.call(call, { parts: [messages], signal })
      return [...parts]
    },
    close,
    [Symbol.dispose]: close,
  }
}
