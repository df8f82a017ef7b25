import { accessLogs, type Direction } from './access-log.ts'
import { duration, extension, type ExtensionConfig } from './shapes.ts'

/** Request and response headers in KiB: more than the servers behind take, so that they decide. */
const MAX_HEADERS_KB = 512
const MAX_HEADERS_COUNT = 4000
/** Envoy has to send a Host; a client that speaks HTTP/1.0 may send none. */
const HOST_FOR_HTTP_10 = 'localhost'
/** Protocols that a client may change to; others are not offered to the server. */
const UPGRADES = ['websocket', 'SPDY/3.1', 'tcp', 'CONNECT']

/** What a chain of HTTP does: nothing but pass on, count and log. */
export interface HttpChain {
  /** Prefix of the statistics. */
  readonly statPrefix: string
  /** Where all requests go. */
  readonly cluster: string
  /** What is spoken; `AUTO` looks at the first bytes. */
  readonly codec: 'AUTO' | 'HTTP1' | 'HTTP2'
  readonly direction: Direction
  readonly accessLog: string
}

/**
 * An HTTP connection manager that changes as little as HTTP/1 and HTTP/2 in Envoy allow: no
 * timeouts, no retries, no path or header rewriting, no `server`, `via`, `x-forwarded-for` or
 * `x-envoy-*` of its own. It adds `x-request-id` and `x-forwarded-proto` where they are absent.
 */
export function httpFilter(options: HttpChain): ExtensionConfig {
  const route = { cluster: options.cluster, timeout: '0s' }
  return extension(
    'http',
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: options.statPrefix,
      codec_type: options.codec,
      route_config: {
        name: options.statPrefix,
        virtual_hosts: [
          {
            name: 'any',
            domains: ['*'],
            routes: [
              { match: { connect_matcher: {} }, route },
              { match: { prefix: '/' }, route },
            ],
          },
        ],
      },
      http_filters: [
        extension('router', 'envoy.extensions.filters.http.router.v3.Router', {
          suppress_envoy_headers: true,
        }),
      ],
      access_log: accessLogs(options.accessLog, options.direction),
      server_header_transformation: 'PASS_THROUGH',
      skip_xff_append: true,
      generate_request_id: true,
      preserve_external_request_id: true,
      normalize_path: false,
      merge_slashes: false,
      path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
      proxy_100_continue: true,
      stream_idle_timeout: '0s',
      request_timeout: '0s',
      max_request_headers_kb: MAX_HEADERS_KB,
      common_http_protocol_options: {
        idle_timeout: '0s',
        max_headers_count: MAX_HEADERS_COUNT,
        headers_with_underscores_action: 'ALLOW',
      },
      http_protocol_options: {
        ...http1Options(),
        accept_http_10: true,
        default_host_for_http_10: HOST_FOR_HTTP_10,
        // Asking for TLS or HTTP/2 inside a connection may be ignored by a server (RFC 9110, 7.8).
        ignore_http_11_upgrade: ['TLS/', 'HTTP/'].map((prefix) => ({ prefix, ignore_case: true })),
      },
      http2_protocol_options: http2Options(),
      upgrade_configs: UPGRADES.map((type) => ({ upgrade_type: type })),
    },
  )
}

/** Which HTTP a cluster speaks: the client's, or a fixed one. */
export type UpstreamHttp = 'as-downstream' | 'http1' | 'http2'

/** `HttpProtocolOptions` of a cluster, as transparent as {@link httpFilter}. */
export function upstreamHttp(kind: UpstreamHttp, idleMs: number): ExtensionConfig {
  const http1 = { http_protocol_options: http1Options() }
  const http2 = { http2_protocol_options: http2Options() }
  const protocol = {
    'as-downstream': { use_downstream_protocol_config: { ...http1, ...http2 } },
    http1: { explicit_http_config: http1 },
    http2: { explicit_http_config: http2 },
  }[kind]
  return extension(
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    {
      common_http_protocol_options: {
        idle_timeout: duration(idleMs),
        max_headers_count: MAX_HEADERS_COUNT,
        max_response_headers_kb: MAX_HEADERS_KB,
      },
      ...protocol,
    },
  )
}

function http1Options(): Readonly<Record<string, unknown>> {
  return {
    enable_trailers: true,
    header_key_format: {
      stateful_formatter: extension(
        'preserve-case',
        'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig',
        { forward_reason_phrase: true },
      ),
    },
  }
}

function http2Options(): Readonly<Record<string, unknown>> {
  return { allow_connect: true, override_stream_error_on_invalid_http_message: true }
}
