// Errors
export { IptablesError, type IptablesErrorCode, type IptablesErrorDetails } from './error.ts'

// Input
export {
  parseRedirectSpec,
  redirectSpecJsonSchema,
  type ParseSpecOptions,
  type RedirectSpec,
} from './spec/redirect-spec.ts'
export { type SpecIssue } from './spec/issue.ts'

// Model and plan
export { plan } from './plan/plan.ts'
export { planFollowing } from './sets/plan-following.ts'
export { ruleSetHash } from './model/hash.ts'
export { families, type Family } from './model/family.ts'
export {
  type AddressMatch,
  type ConnectionState,
  type ConnectionStateMatch,
  type InterfaceMatch,
  type MarkMatch,
  type Match,
  type OwnerMatch,
  type PortMatch,
  type ProtocolMatch,
  type SetRef,
  type TransparentSocketMatch,
  type UnknownMatch,
} from './model/match.ts'
export {
  type Chain,
  type ChainName,
  type Hook,
  type NamedSet,
  type PolicyRouting,
  type Rule,
  type RuleSet,
  type SetType,
  type TableName,
  type Verdict,
} from './model/rule-set.ts'

// Renderings
export { renderRestore, type ExistingRules, type ExistingTable } from './render/restore.ts'
export {
  renderNftBatch,
  renderNftRemoval,
  type NftBatch,
  type NftBatchOptions,
} from './render/nft-batch.ts'
export { renderNft, type NftTextOptions } from './render/nft-text.ts'
export { describeRule } from './model/describe.ts'

// What the kernel has
export { parseSave, type SavedRules } from './parse/save.ts'
export { parseNftDump, type NftDump, type NftState } from './parse/nft-dump.ts'
export { parseNftJson } from './parse/nft-json.ts'
export { forFamily } from './model/project.ts'

// Diff
export { diffRules, type RuleDiff, type RuleDiffKind, type RuleDiffObject } from './diff/diff.ts'

// Explanation
export { explain, type Explanation, type Step } from './explain/explain.ts'
export { type Packet } from './explain/packet.ts'

// For those who write a transport
export { replyTracker, type ReplyTracker } from './netlink/reply-tracker.ts'

// Which back end
export { type BackendKind, backendKinds } from './detect/backend-kind.ts'
export {
  type Capabilities,
  type Capability,
  detectCapabilities,
  type DetectOptions,
} from './detect/capabilities.ts'
export { type Choice, chooseBackend, type ChooseOptions } from './detect/choose.ts'
export { type ForeignMesh } from './detect/meshes.ts'
export { quietRunner } from './detect/quiet-runner.ts'
export { detectUsage, type NamespaceUsage, type UsedBy } from './detect/usage.ts'

// Probe
export { commandProber, type CommandProberOptions } from './probe/command-prober.ts'
export { type ConnectionProber, type ProbedConnection, type ProbeRequest } from './probe/prober.ts'
export {
  probeCapture,
  type ProbeOptions,
  type ProbeReport,
  type ProbeResult,
} from './probe/probe-capture.ts'

// Routing, for TPROXY
export { ipRouteControl, type IpRouteControlOptions } from './apply/ip-route-control.ts'
export { routeProtocol, type RouteControl, type RouteEntry } from './apply/routes.ts'

// Back ends
export { iptablesRestoreBackend, type IptablesRestoreOptions } from './apply/iptables-restore.ts'
export { nftBackend, type NftOptions } from './apply/nft.ts'
export { nftablesBackend, type NftablesOptions } from './apply/nftables.ts'
export {
  type CallOptions,
  type CommandOutput,
  type CommandRunner,
  type NetlinkTransport,
  type RedirectBackend,
  type Verification,
} from './apply/backend.ts'

// Istio's form
export { istioFlags, type IstioFlag } from './istio/flags.ts'
export { istioSettings, type IstioSetting, type IstioSettings } from './istio/settings.ts'
export { parseIstioConfig, type IstioSurroundings } from './istio/parse-config.ts'
export { type IstioConfig } from './istio/config.ts'
export { renderIstioRestore } from './istio/restore.ts'
