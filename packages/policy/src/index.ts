// The decision
export { decide } from './decide.ts'
export { exemptionOf } from './exemption.ts'
export { captureReasons, describeReason, skipReasons } from './reasons.ts'
export { PolicyError } from './error.ts'
export { annotationNames } from './annotations.ts'

// Configuration, selection file, capture specification
export { parsePolicyConf, selectionModes } from './conf.ts'
export { maxSelectionFileBytes, parseSelectionFile, renderSelectionFile } from './selection.ts'
export { captureSpecSchema, failPolicies, mtlsModes, readinessModes } from './spec.ts'

export type { CaptureDecision, DecideInput, Decision, SkipDecision } from './decide.ts'
export type { PodRef } from './exemption.ts'
export type { CaptureReason, DecisionReason, SkipReason } from './reasons.ts'
export type { PolicyErrorCode } from './error.ts'
export type { Annotations } from './annotations.ts'
export type { PolicyConf, SelectionMode } from './conf.ts'
export type { SelectionFile } from './selection.ts'
export type { CaptureSpec, FailPolicy, MtlsMode, ReadinessMode, RedirectRequest } from './spec.ts'
