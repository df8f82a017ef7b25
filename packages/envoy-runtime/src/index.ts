// Drivers
export { processRuntime, type ProcessRuntimeOptions } from './process-runtime.ts'

// Envoy itself
export {
  type AdminCall,
  type DrainOptions,
  envoyAdmin,
  type EnvoyAdmin,
  type EnvoyCertificate,
  type EnvoyListener,
  type EnvoyServerInfo,
} from './admin.ts'
export { type ReadyProbe, waitUntilReady, type WaitUntilReady } from './ready.ts'
export { validateBootstrap, type ValidateBootstrap } from './validate.ts'

// The interface of all drivers
export {
  type EnvoyLogLevel,
  type ReadyOptions,
  type SidecarPaths,
  type SidecarRuntime,
  type SidecarSpec,
  type SidecarState,
  type SidecarStats,
  type SidecarStatus,
  type StopOptions,
  type StopOutcome,
} from './runtime.ts'

// Errors
export {
  EnvoyRuntimeError,
  type EnvoyRuntimeErrorCode,
  type EnvoyRuntimeErrorOptions,
} from './error.ts'
