// The two documents of a sidecar.
export { sidecarBootstrap, sidecarEnvironment } from './bootstrap.ts'
export { outboundDiscovery, outboundListener } from './outbound.ts'

// Checking options without rendering.
export { parseOutboundConfig, parseSidecarConfig } from './config.ts'
export { EnvoyConfigError } from './error.ts'

// Names in logs, statistics, files and on the wire.
export {
  alpn,
  clusterNames,
  environmentNames,
  inboundChains,
  inboundSourceAddresses,
  listenerNames,
  outboundChains,
  secretFiles,
  secretNames,
} from './names.ts'
export { accessLogFormat } from './access-log.ts'

export { type AccessLogLine, type Direction } from './access-log.ts'
export {
  type CaptureConfig,
  type InboundMode,
  type IpFamily,
  type OutboundConfig,
  type OutboundSettings,
  type SidecarConfig,
  type SidecarNode,
  type SidecarSettings,
} from './config.ts'
export { type EnvoyConfigErrorCode } from './error.ts'

// Shapes of Envoy's API as far as they are written here.
export {
  type Address,
  type Cluster,
  type EnvoyBootstrap,
  type ExtensionConfig,
  type FileConfigSource,
  type FilterChain,
  type Listener,
  type ListenerDiscovery,
  type ListenerFilter,
  type Matcher,
  type MatcherTree,
  type OnMatch,
  type SocketAddress,
  type SocketOption,
  type TypedConfig,
} from './shapes.ts'
