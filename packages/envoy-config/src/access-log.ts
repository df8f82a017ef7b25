import { environmentNames } from './names.ts'
import { extension, type ExtensionConfig } from './shapes.ts'

/** Which way a connection goes, seen from the pod. */
export type Direction = 'inbound' | 'outbound'

/**
 * One line of the access log, as it comes out. What does not exist is null. `upstreamLocalAddress`
 * of the client's sidecar is `downstreamRemoteAddress` of the server's: so the two lines of a hop
 * find each other.
 */
export interface AccessLogLine {
  /** When it began, ISO 8601. */
  readonly time: string
  readonly direction: Direction
  readonly pod: string | null
  readonly namespace: string | null
  /** The filter chain: what was recognised and done; see `inboundChains` and `outboundChains`. */
  readonly chain: string | null
  /** `HTTP/1.1`, `HTTP/2`; null for bytes. */
  readonly protocol: string | null
  readonly method: string | null
  /** Without the query, which may hold secrets; its first 1024 bytes. */
  readonly path: string | null
  readonly authority: string | null
  /** 0 for bytes. */
  readonly responseCode: number | null
  /** Envoy's short codes: `UF` could not connect, `UH` refused here, `DC` client went away. */
  readonly responseFlags: string | null
  /** Who ended it and why, in Envoy's words. */
  readonly details: string | null
  /** Bytes of the body, or of the connection. */
  readonly bytesReceived: number
  readonly bytesSent: number
  readonly durationMs: number
  /** Who called, as `address:port`. */
  readonly downstreamRemoteAddress: string
  /** Whom it called: the original destination. */
  readonly downstreamLocalAddress: string
  /** Where this sidecar went. */
  readonly upstreamHost: string | null
  /** From where it went there. */
  readonly upstreamLocalAddress: string | null
  /** Why it could not. */
  readonly upstreamFailure: string | null
  /** Version of the mutual TLS on the wire between sidecars; null when there was none. */
  readonly tls: string | null
  /** SPIFFE id of the sidecar on the other side of the wire. */
  readonly peerSpiffeId: string | null
  /** SNI of the application's own TLS. */
  readonly serverName: string | null
  readonly requestId: string | null
}

/**
 * The fields of a log line with Envoy's command operators
 * (https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage).
 * Pod and namespace come from the environment: one outbound listener serves all pods of a node. What a
 * client writes is cut, or a few requests with long paths would fill the log.
 */
export function accessLogFormat(
  direction: Direction,
): Readonly<Record<keyof AccessLogLine, string>> {
  const peer = direction === 'inbound' ? 'DOWNSTREAM' : 'UPSTREAM'
  return {
    time: '%START_TIME%',
    direction,
    pod: `%ENVIRONMENT(${environmentNames.pod})%`,
    namespace: `%ENVIRONMENT(${environmentNames.namespace})%`,
    chain: '%FILTER_CHAIN_NAME%',
    protocol: '%PROTOCOL%',
    method: '%REQ(:METHOD):32%',
    path: '%PATH(NQ):1024%',
    authority: '%REQ(:AUTHORITY):255%',
    responseCode: '%RESPONSE_CODE%',
    responseFlags: '%RESPONSE_FLAGS%',
    details: '%RESPONSE_CODE_DETAILS%',
    bytesReceived: '%BYTES_RECEIVED%',
    bytesSent: '%BYTES_SENT%',
    durationMs: '%DURATION%',
    downstreamRemoteAddress: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
    downstreamLocalAddress: '%DOWNSTREAM_LOCAL_ADDRESS%',
    upstreamHost: '%UPSTREAM_HOST%',
    upstreamLocalAddress: '%UPSTREAM_LOCAL_ADDRESS%',
    upstreamFailure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
    tls: `%${peer}_TLS_VERSION%`,
    peerSpiffeId: `%${peer}_PEER_URI_SAN%`,
    serverName: '%REQUESTED_SERVER_NAME%',
    requestId: '%REQ(X-REQUEST-ID):128%',
  }
}

/** The access logs of one filter: one JSON line per request or connection, or none. */
export function accessLogs(target: string, direction: Direction): readonly ExtensionConfig[] {
  if (target === 'off') return []
  const format = { log_format: { json_format: accessLogFormat(direction) } }
  const loggers = 'envoy.extensions.access_loggers'
  return [
    target === 'stdout'
      ? extension('stdout', `${loggers}.stream.v3.StdoutAccessLog`, format)
      : extension('file', `${loggers}.file.v3.FileAccessLog`, { path: target, ...format }),
  ]
}
