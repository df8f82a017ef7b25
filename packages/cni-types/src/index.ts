// Versions
export {
  checkVersion,
  cniVersions,
  compareVersions,
  currentCniVersion,
  isAtLeast,
  isCniVersion,
  parseVersion,
  versionsStartingFrom,
  type CniVersion,
} from './versions.ts'
export {
  parseVersionReply,
  versionReply,
  versionReplySchema,
  type VersionReply,
} from './version-reply.ts'

// Configuration of a plugin
export {
  netConfSchema,
  parseNetConf,
  pluginConfSchema,
  type NetConf,
  type PluginConf,
} from './net-conf.ts'
export {
  capabilityOf,
  runtimeConfigFor,
  runtimeConfigSchema,
  type CapabilityName,
  type RuntimeConfig,
} from './capabilities.ts'
export { attachmentSchema, validAttachmentsOf, type Attachment } from './attachments.ts'
export { dnsSchema, isEmptyDns, type Dns } from './dns.ts'

// Configuration of a network
export {
  netConfFor,
  netConfListOf,
  parseNetConfList,
  withPluginFiles,
  type Injected,
  type NetConfList,
} from './net-conf-list.ts'

// Results
export {
  createResult,
  encodeResult,
  parsePrevResult,
  parseResult,
  passThrough,
  type ResultParts,
} from './result.ts'
export { convertResult } from './convert.ts'
export {
  interface040Schema,
  interface100Schema,
  ipConfig020Schema,
  ipConfig040Schema,
  ipConfig100Schema,
  result020Schema,
  result040Schema,
  result100Schema,
  routeSchema,
  type CniResult,
  type Interface040,
  type Interface100,
  type IpConfig020,
  type IpConfig040,
  type IpConfig100,
  type Result020,
  type Result040,
  type Result100,
  type ResultOf,
  type Route,
} from './result-schemas.ts'

// Arguments
export { parseCniArgs, podArgNames, podOf, type CniArgs, type PodIdentity } from './args.ts'

// Names
export { checkContainerId, checkIfname, checkNetworkName, isCniName } from './names.ts'

// Addresses
export {
  formatCidr,
  formatIp,
  ipVersionOf,
  parseCidr,
  parseIp,
  type IpAddress,
  type IpCidr,
  type IpVersion,
} from './ip.ts'

// Errors
export { CniError, cniErrorCodes, type CniErrorObject } from './error.ts'

// JSON that loses nothing
export { isJsonObject, parseJson, type JsonObject } from './json.ts'

// For other packages of this repository
export { confVersionOf, decodeNetConf, netConfOf } from './net-conf.ts'
