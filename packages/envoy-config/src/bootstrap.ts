import { sidecarClusters } from './clusters.ts'
import { parseSidecarConfig, type SidecarConfig, type SidecarSettings } from './config.ts'
import { inboundListener } from './inbound.ts'
import { environmentNames } from './names.ts'
import { observeListeners } from './observe.ts'
import { extension, type EnvoyBootstrap } from './shapes.ts'
import { fileSource } from './tls.ts'

/** 0600: Envoy takes the mode as a decimal number. */
const ADMIN_MODE = 0o600

/**
 * The bootstrap of one sidecar: the inbound listener and all clusters are in it, the outbound
 * listener comes from the node's shared file. Pure: the same options give the same value.
 * Throws `config-invalid`.
 */
export function sidecarBootstrap(config: SidecarConfig): EnvoyBootstrap {
  const settings = parseSidecarConfig(config)
  return {
    node: nodeOf(settings),
    admin: {
      address: { pipe: { path: settings.adminSocket, mode: ADMIN_MODE } },
      ignore_global_conn_limit: true,
    },
    static_resources: {
      listeners: [inboundListener(settings), ...observeListeners(settings)],
      clusters: sidecarClusters(settings),
    },
    dynamic_resources: {
      lds_config: fileSource(
        settings.outboundListenerFile,
        settings.outboundListenerFile.replace(/\/[^/]*$/, '') || '/',
      ),
    },
    layered_runtime: { layers: [{ name: 'sidecar', static_layer: runtimeFlags }] },
    overload_manager: {
      resource_monitors: [
        extension(
          'envoy.resource_monitors.global_downstream_max_connections',
          'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
          { max_active_downstream_connections: settings.maxDownstreamConnections },
        ),
      ],
    },
    stats_config: {
      use_all_default_tags: false,
      stats_tags: statsTags,
    },
  }
}

/**
 * Environment that a sidecar's Envoy has to be started with: the shared outbound listener takes the
 * pod's name in its access log from here.
 */
export function sidecarEnvironment(node: {
  readonly pod: string
  readonly namespace: string
}): Readonly<Record<string, string>> {
  return { [environmentNames.pod]: node.pod, [environmentNames.namespace]: node.namespace }
}

function nodeOf({ node }: SidecarSettings): EnvoyBootstrap['node'] {
  return {
    id: node.id ?? `${node.namespace}.${node.pod}.${node.containerId.slice(0, 12)}`,
    cluster: node.cluster,
    metadata: {
      pod: node.pod,
      namespace: node.namespace,
      ...(node.uid === undefined ? {} : { uid: node.uid }),
      containerId: node.containerId,
    },
  }
}

/**
 * The newer parser of Envoy's HTTP inspector takes any letters for the beginning of a method, waits for
 * a line end, and resets the connection when there is none in 64 KiB: a stream of text is no request.
 * The older one knows the methods and says no at the first letter.
 */
const runtimeFlags = { 'envoy.reloadable_features.http_inspector_use_balsa_parser': false } as const

/** The few labels that statistics need; each of Envoy's default set costs memory per statistic. */
const statsTags: EnvoyBootstrap['stats_config']['stats_tags'] = [
  { tag_name: 'envoy.cluster_name', regex: '^cluster\\.((.*?)\\.)' },
  { tag_name: 'envoy.http_conn_manager_prefix', regex: '^http\\.((.*?)\\.)' },
  { tag_name: 'envoy.tcp_prefix', regex: '^tcp\\.((.*?)\\.)' },
  { tag_name: 'envoy.listener', regex: '^listener\\.((inbound|outbound|metrics|health)\\.)' },
  { tag_name: 'envoy.response_code_class', regex: '_rq(_(\\dxx))$' },
]
