import { environmentNames } from './names.ts'
import { extension, type ExtensionConfig } from './shapes.ts'

/** Which way a connection goes, seen from the pod. */
export type Direction = 'inbound' | 'outbound'

/**
 * The fields of a log line, in order, with Envoy's command operators
 * (https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage).
 * Numbers are numbers, what does not exist is null. The path is logged without its query, which may
 * hold secrets. Pod and namespace come from the environment: one outbound listener serves all pods
 * of a node.
 */
export function accessLogFormat(direction: Direction): Readonly<Record<string, string>> {
  const peer = direction === 'inbound' ? 'DOWNSTREAM' : 'UPSTREAM'
  return {
    time: '%START_TIME%',
    direction,
    pod: `%ENVIRONMENT(${environmentNames.pod})%`,
    namespace: `%ENVIRONMENT(${environmentNames.namespace})%`,
    chain: '%FILTER_CHAIN_NAME%',
    protocol: '%PROTOCOL%',
    method: '%REQ(:METHOD)%',
    path: '%PATH(NQ)%',
    authority: '%REQ(:AUTHORITY)%',
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
    requestId: '%REQ(X-REQUEST-ID)%',
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
