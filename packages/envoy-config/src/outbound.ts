import { captureBase } from './capture.ts'
import { parseOutboundConfig, type OutboundConfig, type OutboundSettings } from './config.ts'
import { httpFilter } from './http.ts'
import {
  byApplicationProtocol,
  byDestinationAddress,
  byDestinationPort,
  byTransport,
  chain,
  rootMatcher,
} from './matcher.ts'
import { clusterNames, listenerNames, outboundChains } from './names.ts'
import {
  typeUrl,
  type FilterChain,
  type Listener,
  type ListenerDiscovery,
  type OnMatch,
} from './shapes.ts'
import { tcpFilter } from './tcp.ts'

/**
 * The listener that takes what the application sends: mutual TLS to captured peers, everything else
 * on its way unchanged. It holds nothing of any one pod, so one file serves all sidecars of a node.
 *
 * The list of peers is in the matcher, not in the filter chains: Envoy keeps a filter chain whose
 * message has not changed, and with it the connections, so a change of peers drains nothing.
 * Throws `config-invalid`.
 */
export function outboundListener(config: OutboundConfig): Listener {
  return listenerOf(parseOutboundConfig(config))
}

/** {@link outboundListener} as the file that Envoy's file LDS reads. Throws `config-invalid`. */
export function outboundDiscovery(config: OutboundConfig): ListenerDiscovery {
  const settings = parseOutboundConfig(config)
  return {
    version_info: settings.version,
    resources: [{ '@type': typeUrl('envoy.config.listener.v3.Listener'), ...listenerOf(settings) }],
  }
}

function listenerOf(settings: OutboundSettings): Listener {
  const names = outboundChains
  const peers = [...new Set(settings.peers)].sort()
  return {
    name: listenerNames.outbound,
    stat_prefix: listenerNames.outbound,
    traffic_direction: 'OUTBOUND',
    ...captureBase({ ...settings, port: settings.outboundPort }),
    filter_chain_matcher: rootMatcher(
      byDestinationPort(
        // Someone dialled the capture port itself: going on would reach this listener again, for ever.
        new Map([[settings.outboundPort, chain(names.refuseLoop)]]),
        byDestinationAddress(
          peers,
          byProtocol(names.peerHttp1, names.peerHttp2, names.peerTcp),
          byProtocol(names.plainHttp, names.plainHttp, names.plainTcp),
        ),
      ),
    ),
    filter_chains: [
      http(settings, names.peerHttp1, clusterNames.peerHttp1, 'HTTP1'),
      http(settings, names.peerHttp2, clusterNames.peerHttp2, 'HTTP2'),
      tcp(settings, names.peerTcp, clusterNames.peerTcp),
      http(settings, names.plainHttp, clusterNames.passthrough, 'AUTO'),
      tcp(settings, names.plainTcp, clusterNames.passthrough),
      tcp(settings, names.refuseLoop, clusterNames.refused),
    ],
  }
}

/** TLS is always the application's own here: bytes, whatever its ALPN says. */
function byProtocol(http1: string, http2: string, tcpChain: string): OnMatch {
  return byTransport(
    chain(tcpChain),
    byApplicationProtocol(
      new Map([
        ['http/1.0', chain(http1)],
        ['http/1.1', chain(http1)],
        ['h2c', chain(http2)],
      ]),
      chain(tcpChain),
    ),
  )
}

function http(
  settings: OutboundSettings,
  name: string,
  cluster: string,
  codec: 'AUTO' | 'HTTP1' | 'HTTP2',
): FilterChain {
  const { accessLog } = settings
  const statPrefix = `outbound_${name}`
  return {
    name,
    filters: [httpFilter({ statPrefix, cluster, codec, direction: 'outbound', accessLog })],
  }
}

function tcp(settings: OutboundSettings, name: string, cluster: string): FilterChain {
  const { accessLog } = settings
  const statPrefix = `outbound_${name}`
  return { name, filters: [tcpFilter({ statPrefix, cluster, direction: 'outbound', accessLog })] }
}
