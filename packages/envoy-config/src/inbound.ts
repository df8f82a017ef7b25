import { captureBase } from './capture.ts'
import { type InboundMode, type SidecarSettings } from './config.ts'
import { httpFilter } from './http.ts'
import {
  byApplicationProtocol,
  byDestinationPort,
  byTransport,
  chain,
  rootMatcher,
} from './matcher.ts'
import { alpn, clusterNames, inboundChains, listenerNames } from './names.ts'
import { type ExtensionConfig, type FilterChain, type Listener, type OnMatch } from './shapes.ts'
import { tcpFilter } from './tcp.ts'
import { serverTls } from './tls.ts'

/** The listener that takes what others send to the application. */
export function inboundListener(config: SidecarSettings): Listener {
  const guard = chain(inboundChains.refuseLoop)
  const ports = new Map<number, OnMatch>(
    Object.entries(config.portModes).map(([port, mode]) => [Number(port), byMode(mode)]),
  )
  // Passing these on would reach a capture port again, for ever: they win over any port mode.
  ports.set(config.inboundPort, guard)
  ports.set(config.outboundPort, guard)
  return {
    name: listenerNames.inbound,
    stat_prefix: listenerNames.inbound,
    traffic_direction: 'INBOUND',
    ...captureBase({ ...config, port: config.inboundPort }),
    filter_chain_matcher: rootMatcher(byDestinationPort(ports, byMode(config.mode))),
    filter_chains: inboundFilterChains(config),
  }
}

/** Mutual TLS by our own ALPN; the rest as the mode says. */
function byMode(mode: InboundMode): OnMatch {
  const names = inboundChains
  const ours = new Map([
    [alpn.http1, chain(names.mtlsHttp1)],
    [alpn.http2, chain(names.mtlsHttp2)],
    [alpn.tcp, chain(names.mtlsTcp)],
  ])
  const refuse = chain(names.refusePlaintext)
  if (mode === 'strict') return byTransport(byApplicationProtocol(ours, refuse), refuse)
  const bytes = chain(names.plainTcp)
  const http = chain(names.plainHttp)
  return byTransport(
    byApplicationProtocol(ours, bytes),
    byApplicationProtocol(
      new Map([
        ['http/1.0', http],
        ['http/1.1', http],
        ['h2c', http],
      ]),
      bytes,
    ),
  )
}

function inboundFilterChains(config: SidecarSettings): readonly FilterChain[] {
  const names = inboundChains
  const tls = (protocol: string): ExtensionConfig => serverTls({ ...config, alpn: protocol })
  return [
    { ...http(config, names.mtlsHttp1, 'HTTP1'), transport_socket: tls(alpn.http1) },
    { ...http(config, names.mtlsHttp2, 'HTTP2'), transport_socket: tls(alpn.http2) },
    { ...tcp(config, names.mtlsTcp, clusterNames.app), transport_socket: tls(alpn.tcp) },
    http(config, names.plainHttp, 'AUTO'),
    tcp(config, names.plainTcp, clusterNames.app),
    tcp(config, names.refusePlaintext, clusterNames.refused),
    tcp(config, names.refuseLoop, clusterNames.refused),
  ]
}

function http(
  config: SidecarSettings,
  name: string,
  codec: 'AUTO' | 'HTTP1' | 'HTTP2',
): FilterChain {
  const { accessLog } = config
  const statPrefix = `inbound_${name}`
  const cluster = clusterNames.app
  return {
    name,
    filters: [httpFilter({ statPrefix, cluster, codec, direction: 'inbound', accessLog })],
  }
}

function tcp(config: SidecarSettings, name: string, cluster: string): FilterChain {
  const { accessLog } = config
  const statPrefix = `inbound_${name}`
  return { name, filters: [tcpFilter({ statPrefix, cluster, direction: 'inbound', accessLog })] }
}
