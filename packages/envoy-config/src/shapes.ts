/**
 * The Envoy API as far as this package writes it: plain JSON in the proto names, so that a value is
 * what `envoy -c` reads. Reference: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/api
 */

/** A `google.protobuf.Any` in JSON: the type's address, then its fields. */
export interface TypedConfig {
  readonly '@type': string
  readonly [field: string]: unknown
}

/** `TypedExtensionConfig`: a name for people, a type for Envoy. */
export interface ExtensionConfig {
  readonly name: string
  readonly typed_config: TypedConfig
}

/** `core.v3.Address`, the two kinds used here. */
export type Address =
  | { readonly socket_address: SocketAddress }
  | { readonly pipe: { readonly path: string; readonly mode?: number } }

/** `core.v3.SocketAddress`; TCP. */
export interface SocketAddress {
  readonly address: string
  readonly port_value: number
}

/** `core.v3.SocketOption` with an integer value. */
export interface SocketOption {
  readonly description: string
  readonly level: number
  readonly name: number
  readonly int_value: number
}

/** `core.v3.ConfigSource` from a file that is replaced by a move inside the watched directory. */
export interface FileConfigSource {
  readonly resource_api_version: 'V3'
  readonly path_config_source: {
    readonly path: string
    readonly watched_directory: { readonly path: string }
  }
}

/** `listener.v3.FilterChain`, chosen by name. */
export interface FilterChain {
  readonly name: string
  readonly filters: readonly ExtensionConfig[]
  readonly transport_socket?: ExtensionConfig
}

/** `xds.type.matcher.v3.Matcher`: a tree over one input, else what follows when nothing matched. */
export interface Matcher {
  readonly matcher_tree?: MatcherTree
  readonly on_no_match?: OnMatch
}

/** One level of the tree. */
export interface MatcherTree {
  readonly input: ExtensionConfig
  readonly exact_match_map?: { readonly map: Readonly<Record<string, OnMatch>> }
  readonly custom_match?: ExtensionConfig
}

/** Where a match leads: another level, or the name of a filter chain. */
export type OnMatch = { readonly matcher: Matcher } | { readonly action: ExtensionConfig }

/** `listener.v3.ListenerFilter`. */
export interface ListenerFilter extends ExtensionConfig {
  /** A `ListenerFilterChainMatchPredicate`. */
  readonly filter_disabled?: Readonly<Record<string, unknown>>
}

/** `listener.v3.Listener`. */
export interface Listener {
  readonly name: string
  readonly stat_prefix: string
  readonly traffic_direction?: 'INBOUND' | 'OUTBOUND'
  readonly address: Address
  readonly additional_addresses?: readonly { readonly address: Address }[]
  readonly socket_options?: readonly SocketOption[]
  readonly listener_filters?: readonly ListenerFilter[]
  readonly listener_filters_timeout?: string
  readonly continue_on_listener_filters_timeout?: boolean
  readonly filter_chain_matcher?: Matcher
  readonly filter_chains: readonly FilterChain[]
}

/** `cluster.v3.Cluster`. */
export interface Cluster {
  readonly name: string
  readonly type: 'ORIGINAL_DST' | 'STATIC'
  readonly lb_policy?: 'CLUSTER_PROVIDED'
  readonly connect_timeout: string
  readonly connection_pool_per_downstream_connection?: boolean
  readonly circuit_breakers?: { readonly thresholds: readonly Readonly<Record<string, unknown>>[] }
  readonly upstream_connection_options?: Readonly<Record<string, unknown>>
  readonly upstream_bind_config?: {
    readonly source_address: SocketAddress
    readonly extra_source_addresses?: readonly { readonly address: SocketAddress }[]
  }
  readonly load_assignment?: Readonly<Record<string, unknown>>
  readonly typed_extension_protocol_options?: Readonly<Record<string, TypedConfig>>
  readonly transport_socket?: ExtensionConfig
}

/** `bootstrap.v3.Bootstrap`. */
export interface EnvoyBootstrap {
  readonly node: {
    readonly id: string
    readonly cluster: string
    readonly metadata: Readonly<Record<string, string>>
  }
  readonly admin: { readonly address: Address; readonly ignore_global_conn_limit: boolean }
  readonly static_resources: {
    readonly listeners: readonly Listener[]
    readonly clusters: readonly Cluster[]
  }
  readonly dynamic_resources: { readonly lds_config: FileConfigSource }
  readonly layered_runtime: {
    readonly layers: readonly {
      readonly name: string
      readonly static_layer: Readonly<Record<string, boolean>>
    }[]
  }
  readonly overload_manager: { readonly resource_monitors: readonly ExtensionConfig[] }
  readonly stats_config: {
    readonly use_all_default_tags: boolean
    readonly stats_tags: readonly { readonly tag_name: string; readonly regex: string }[]
  }
}

/** `discovery.v3.DiscoveryResponse` as a file-based LDS reads it. */
export interface ListenerDiscovery {
  readonly version_info: string
  readonly resources: readonly (Listener & { readonly '@type': string })[]
}

/** The type address of a message of Envoy's v3 API, for `@type`. */
export function typeUrl(message: string): string {
  return `type.googleapis.com/${message}`
}

/** An extension by its name and message, with its fields. */
export function extension(
  name: string,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): ExtensionConfig {
  return { name, typed_config: { '@type': typeUrl(message), ...fields } }
}

/** A protobuf duration: Envoy takes seconds with a fraction. */
export function duration(milliseconds: number): string {
  return `${milliseconds / 1000}s`
}
