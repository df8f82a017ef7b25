import { accessLogs, type Direction } from './access-log.ts'
import { extension, type ExtensionConfig } from './shapes.ts'

/** What a chain of bytes does. */
export interface TcpChain {
  /** Prefix of the statistics. */
  readonly statPrefix: string
  /** Where the bytes go. */
  readonly cluster: string
  readonly direction: Direction
  readonly accessLog: string
}

/** Passes bytes on until both sides are done; never ends a quiet connection by itself. */
export function tcpFilter(options: TcpChain): ExtensionConfig {
  return extension('tcp', 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
    stat_prefix: options.statPrefix,
    cluster: options.cluster,
    idle_timeout: '0s',
    access_log: accessLogs(options.accessLog, options.direction),
  })
}
