/**
 * Names that other parts rely on: in access logs, in statistics, in SDS files, on the wire.
 * They are part of the interface; a change of one is a breaking change.
 */

/** Secret names that Envoy asks the SDS files for. */
export const secretNames = {
  /** The workload's certificate chain and key. */
  identity: 'workload-identity',
  /** The roots that a peer's certificate must chain to. */
  trustBundle: 'trust-bundle',
} as const

/** File names inside the sidecar's SDS directory, one secret each. */
export const secretFiles = {
  /** Holds the secret `workload-identity`. */
  identity: 'identity.json',
  /** Holds the secret `trust-bundle`. */
  trustBundle: 'trust-bundle.json',
} as const

/**
 * ALPN values that a captured client offers to a captured server: they say what is inside the TLS,
 * so the server side needs no detection. Not registered names, so no application's own TLS has them.
 */
export const alpn = {
  /** HTTP/1.0 or 1.1 inside. */
  http1: 'proxy-http/1.1',
  /** HTTP/2 with prior knowledge inside (h2c, gRPC). */
  http2: 'proxy-h2',
  /** Anything else, byte for byte, the application's own TLS included. */
  tcp: 'proxy-tcp',
} as const

/** Filter chains of the outbound listener; the access log's `chain`. */
export const outboundChains = {
  peerHttp1: 'peer-http1',
  peerHttp2: 'peer-http2',
  peerTcp: 'peer-tcp',
  plainHttp: 'plain-http',
  plainTcp: 'plain-tcp',
  refuseLoop: 'refuse-loop',
} as const

/** Filter chains of the inbound listener; the access log's `chain`. */
export const inboundChains = {
  mtlsHttp1: 'mtls-http1',
  mtlsHttp2: 'mtls-http2',
  mtlsTcp: 'mtls-tcp',
  plainHttp: 'plain-http',
  plainTcp: 'plain-tcp',
  refusePlaintext: 'refuse-plaintext',
  refuseLoop: 'refuse-loop',
} as const

/** Clusters of the bootstrap; the outbound listener file names them. */
export const clusterNames = {
  /** The application behind this sidecar, dialled from 127.0.0.6 or ::6. */
  app: 'app',
  /** Where the application wanted to go, unchanged. */
  passthrough: 'passthrough',
  /** The same, with mutual TLS to the sidecar there, HTTP/1 inside. */
  peerHttp1: 'peer-http1',
  /** The same, HTTP/2 inside. */
  peerHttp2: 'peer-http2',
  /** The same, bytes inside. */
  peerTcp: 'peer-tcp',
  /** Has no endpoint: what is sent here is closed, and counted. */
  refused: 'refused',
  /** This Envoy's own admin socket; there only when a metrics or health port is asked for. */
  admin: 'admin',
} as const

/** Listener names, also their prefixes in statistics. */
export const listenerNames = {
  inbound: 'inbound',
  outbound: 'outbound',
  metrics: 'metrics',
  health: 'health',
} as const

/** Environment variables the access log reads: the outbound listener is shared by all pods of a node. */
export const environmentNames = {
  /** The pod's name. */
  pod: 'PROXY_POD',
  /** The pod's namespace. */
  namespace: 'PROXY_NAMESPACE',
} as const

/** Addresses from which the sidecar dials its own application; the redirection lets them pass. */
export const inboundSourceAddresses = { ipv4: '127.0.0.6', ipv6: '::6' } as const
