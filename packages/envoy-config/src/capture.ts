import { type IpFamily } from './config.ts'
import {
  duration,
  extension,
  type Address,
  type ExtensionConfig,
  type Listener,
  type ListenerFilter,
  type SocketOption,
} from './shapes.ts'

/** What both capturing listeners have in common. */
export interface CaptureOptions {
  readonly port: number
  readonly families: readonly IpFamily[]
  readonly detectTimeoutMs: number
  /** Destination ports that are not looked at. */
  readonly rawPorts?: readonly number[]
}

/** What a captured connection meets before a filter chain is chosen for it. */
export type CaptureBase = Pick<
  Listener,
  | 'address'
  | 'additional_addresses'
  | 'socket_options'
  | 'listener_filters'
  | 'listener_filters_timeout'
  | 'continue_on_listener_filters_timeout'
>

/**
 * Sockets and listener filters of a capturing listener: the original destination is put back, then
 * TLS and HTTP are recognised by the client's first bytes. When none come in time the connection goes
 * on as bytes: that is the price of a protocol in which the server speaks first.
 */
export function captureBase(options: CaptureOptions): CaptureBase {
  const [first, ...others] = wildcards(options.families, options.port)
  const disabled = disabledOn(options.rawPorts ?? [])
  return {
    address: first,
    ...(others.length > 0 ? { additional_addresses: others.map((address) => ({ address })) } : {}),
    socket_options: [keepAlive],
    listener_filters: [
      filter('original_dst', 'original_dst.v3.OriginalDst'),
      { ...filter('tls_inspector', 'tls_inspector.v3.TlsInspector'), ...disabled },
      { ...filter('http_inspector', 'http_inspector.v3.HttpInspector'), ...disabled },
    ],
    listener_filters_timeout: duration(options.detectTimeoutMs),
    continue_on_listener_filters_timeout: true,
  }
}

/** The wildcard address of each family: a `::` socket of Envoy takes IPv6 only, so both can be open. */
export function wildcards(
  families: readonly IpFamily[],
  port: number,
): readonly [Address, ...Address[]] {
  const ipv4: Address = { socket_address: { address: '0.0.0.0', port_value: port } }
  const ipv6: Address = { socket_address: { address: '::', port_value: port } }
  if (!families.includes('ipv6')) return [ipv4]
  return families.includes('ipv4') ? [ipv4, ipv6] : [ipv6]
}

/** Accepted sockets inherit it: no idle timeout ends a quiet connection, so the kernel looks after the dead. */
const keepAlive: SocketOption = {
  description: 'SO_KEEPALIVE',
  level: 1, // SOL_SOCKET, socket(7)
  name: 9,
  int_value: 1,
}

/** When a listener filter does nothing; the original destination is known by then. */
function disabledOn(ports: readonly number[]): Pick<ListenerFilter, 'filter_disabled'> {
  // A range's end is not part of it; the predicate needs two rules at least.
  const rules = [...new Set(ports)]
    .sort((left, right) => left - right)
    .map((port) => ({ destination_port_range: { start: port, end: port + 1 } }))
  const [first] = rules
  if (first === undefined) return {}
  return { filter_disabled: rules.length === 1 ? first : { or_match: { rules } } }
}

function filter(name: string, message: string): ExtensionConfig {
  return extension(`envoy.filters.listener.${name}`, `envoy.extensions.filters.listener.${message}`)
}
