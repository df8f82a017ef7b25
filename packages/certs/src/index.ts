// who: SPIFFE ids and identities
export {
  parseSpiffeId,
  parseTrustDomain,
  spiffeIdParts,
  workloadOf,
  workloadSpiffeId,
} from './identity/spiffe-id.ts'
export { type SpiffeId, type SpiffeIdParts, type WorkloadName } from './identity/spiffe-id.ts'
export { type IdentityFacts, type WorkloadIdentity } from './identity/workload-identity.ts'

// where identities come from
export { builtInCa } from './sources/built-in-ca.ts'
export { directorySource } from './sources/directory.ts'
export { type BuiltInCa, type BuiltInCaOptions } from './sources/built-in-ca.ts'
export { type DirectorySourceOptions } from './sources/directory.ts'
export {
  type IdentitySource,
  type IssueOptions,
  type SourceEvent,
  type WatchOptions,
} from './identity/source.ts'

// how they stay fresh
export { nextRotation } from './rotation/next-rotation.ts'
export { rotateIdentity } from './rotation/rotate-identity.ts'
export { backOffMs } from './rotation/back-off.ts'
export { type BackOffOptions } from './rotation/back-off.ts'
export { type RotationOptions } from './rotation/next-rotation.ts'
export { type RotateOptions, type RotationFailure } from './rotation/rotate-identity.ts'
export { type Sleep } from './rotation/sleep.ts'

// how Envoy gets them
export { removeSdsFiles, writeSdsFiles } from './outputs/sds-files.ts'
export { verifySdsFiles } from './outputs/verify-sds-files.ts'
export {
  identityFileName,
  trustBundleFileName,
  trustBundleSecretName,
  workloadIdentitySecretName,
} from './outputs/sds-resources.ts'
export { isTmpfs } from './files/tmpfs.ts'
export { type Owner } from './files/private-directory.ts'
export { type SdsLocation, type WriteSdsOptions } from './outputs/sds-files.ts'
export {
  type SdsProblem,
  type SdsVerification,
  type VerifySdsOptions,
} from './outputs/verify-sds-files.ts'

// for writers of further sources
export { checkIdentity } from './x509/check-identity.ts'
export { createWorkloadIdentity } from './identity/workload-identity.ts'
export { type IdentityInput } from './x509/check-identity.ts'
export { type PemInput } from './x509/pem.ts'

// what goes wrong
export { CertsError } from './error.ts'
export { type CertsErrorCode, type CertsErrorOptions } from './error.ts'
