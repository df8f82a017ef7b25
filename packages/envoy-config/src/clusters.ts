import { type SidecarSettings } from './config.ts'
import { upstreamHttp, type UpstreamHttp } from './http.ts'
import { alpn, clusterNames, inboundSourceAddresses } from './names.ts'
import { duration, type Cluster, type ExtensionConfig } from './shapes.ts'
import { clientTls } from './tls.ts'

const UNLIMITED = 4_294_967_295

/** All clusters of a sidecar; the listeners name them. */
export function sidecarClusters(config: SidecarSettings): readonly Cluster[] {
  const tls = (protocol: string): ExtensionConfig => clientTls({ ...config, alpn: protocol })
  const clusters: Cluster[] = [
    { ...originalDestination(config, clusterNames.app), ...fromOwnSource(config) },
    originalDestination(config, clusterNames.passthrough),
    {
      ...originalDestination(config, clusterNames.peerHttp1, 'http1'),
      transport_socket: tls(alpn.http1),
    },
    {
      ...originalDestination(config, clusterNames.peerHttp2, 'http2'),
      transport_socket: tls(alpn.http2),
    },
    { ...originalDestination(config, clusterNames.peerTcp), transport_socket: tls(alpn.tcp) },
    staticCluster(clusterNames.refused, []),
  ]
  if (config.metricsPort !== undefined || config.healthPort !== undefined) {
    clusters.push(
      staticCluster(clusterNames.admin, [
        { endpoint: { address: { pipe: { path: config.adminSocket } } } },
      ]),
    )
  }
  return clusters
}

/** Dials what the client dialled. */
function originalDestination(
  config: SidecarSettings,
  name: string,
  http: UpstreamHttp = 'as-downstream',
): Cluster {
  const options = upstreamHttp(http, config.upstreamIdleMs)
  return {
    name,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: duration(config.connectTimeoutMs),
    connection_pool_per_downstream_connection: config.upstreamConnections === 'per-downstream',
    // The application's own limits are the ones that count.
    circuit_breakers: {
      thresholds: [
        {
          max_connections: UNLIMITED,
          max_pending_requests: UNLIMITED,
          max_requests: UNLIMITED,
          // A client can ask Envoy to retry by a header; a request must arrive once.
          max_retries: 0,
        },
      ],
    },
    // Nothing here ends a quiet connection, so a dead one must be found by the kernel.
    upstream_connection_options: {
      tcp_keepalive: { keepalive_time: 300, keepalive_interval: 30, keepalive_probes: 5 },
    },
    typed_extension_protocol_options: { [options.name]: options.typed_config },
  }
}

/** The application sees its sidecar at an address that the redirection lets pass. */
function fromOwnSource(config: SidecarSettings): Pick<Cluster, 'upstream_bind_config'> {
  const sources = config.families.map((family) => ({
    address: { address: inboundSourceAddresses[family], port_value: 0 },
  }))
  const [first, ...others] = sources
  if (first === undefined) return {}
  return {
    upstream_bind_config: {
      source_address: first.address,
      ...(others.length > 0 ? { extra_source_addresses: others } : {}),
    },
  }
}

function staticCluster(name: string, endpoints: readonly unknown[]): Cluster {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
  }
}
