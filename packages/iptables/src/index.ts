// Errors
export { IptablesError, type IptablesErrorCode, type IptablesErrorDetails } from './error.ts'

// Input
export {
  parseRedirectSpec,
  type ParseSpecOptions,
  type RedirectSpec,
} from './spec/redirect-spec.ts'
export { type SpecIssue } from './spec/issue.ts'

// Model and plan
export { plan } from './plan/plan.ts'
export { ruleSetHash } from './model/hash.ts'
export { families, type Family } from './model/family.ts'
export {
  type AddressMatch,
  type InterfaceMatch,
  type Match,
  type OwnerMatch,
  type PortMatch,
  type ProtocolMatch,
  type SetRef,
  type UnknownMatch,
} from './model/match.ts'
export {
  type Chain,
  type ChainName,
  type Hook,
  type NamedSet,
  type Rule,
  type RuleSet,
  type SetType,
  type TableName,
  type Verdict,
} from './model/rule-set.ts'

// Diff
export { diffRules, type RuleDiff, type RuleDiffKind, type RuleDiffObject } from './diff/diff.ts'

// Back ends
export { iptablesRestoreBackend, type IptablesRestoreOptions } from './apply/iptables-restore.ts'
export { nftablesBackend, type NftablesOptions } from './apply/nftables.ts'
export {
  type CallOptions,
  type CommandOutput,
  type CommandRunner,
  type NetlinkTransport,
  type RedirectBackend,
  type Verification,
} from './apply/backend.ts'
