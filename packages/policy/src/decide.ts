import {
  type Annotations,
  annotationNames,
  parseGoBoolean,
  readAnnotation,
  readWord,
  remarksOn,
  valueOf,
} from './annotations.ts'
import { type PolicyConf, parsePolicyConf } from './conf.ts'
import { PolicyError, quoted } from './error.ts'
import { exemptionOf, type PodRef } from './exemption.ts'
import { type CaptureReason, type SkipReason } from './reasons.ts'
import { type SelectionFile } from './selection.ts'
import {
  type CaptureSpec,
  failPolicies,
  mtlsModes,
  readinessModes,
  isServiceAccountName,
} from './spec.ts'
import { interceptionModeOf, redirectRequestOf } from './traffic.ts'

/** What a decision is made from. Later fields are not looked at when an earlier one decides. */
export interface DecideInput {
  /** The pod, or undefined when the runtime named none. */
  readonly pod: PodRef | undefined
  /** The plugin configuration as parsed from JSON. */
  readonly conf: unknown
  /** The pod's annotations as the runtime gave them; undefined when it gave none. */
  readonly annotations: unknown
  /**
   * Reads the selection file; called at most once, and only when the mode is `namespace` and
   * nothing else has decided. Undefined when there is none. It may throw a {@link PolicyError}
   * (`selection-invalid`), which counts as none and becomes a remark.
   */
  readonly selection: () => SelectionFile | undefined
}

/** The pod gets a sidecar. */
export interface CaptureDecision {
  readonly kind: 'capture'
  /** Why it was selected. */
  readonly reason: CaptureReason
  /** How it is to be captured. */
  readonly spec: CaptureSpec
  /** What the person who wrote annotations or configuration should know; often empty. */
  readonly remarks: readonly string[]
}

/** The pod is left alone. */
export interface SkipDecision {
  readonly kind: 'skip'
  /** Why. */
  readonly reason: SkipReason
  /** See {@link CaptureDecision}. */
  readonly remarks: readonly string[]
}

/** Capture or skip, each with its reason. */
export type Decision = CaptureDecision | SkipDecision

/**
 * Decides whether a pod gets a sidecar. Non-pods, excluded namespaces and the agent's own pods
 * pass before anything else is looked at; a pod that is not selected passes whatever its other
 * annotations say.
 * @throws PolicyError `conf-invalid`, or `annotation-invalid` for a selected pod.
 */
export function decide(input: DecideInput): Decision {
  const exemption = exemptionOf(input.pod, input.conf)
  if (exemption !== undefined || input.pod === undefined) {
    return skip(exemption ?? 'not-a-pod')
  }
  const conf = parsePolicyConf(input.conf)
  const annotations = annotationsOf(input.annotations)
  const remarks = remarksOn(annotations)
  const selected = select(input.pod, conf, annotations, input.selection, remarks)
  if (selected.kind === 'skip') return { ...skip(selected.reason), remarks }
  if (interceptionModeOf(annotations) === 'NONE') return { ...skip('interception-none'), remarks }
  const spec = specOf(conf, annotations)
  return { kind: 'capture', reason: selected.reason, spec, remarks }
}

type Selected =
  | { readonly kind: 'capture'; readonly reason: CaptureReason }
  | { readonly kind: 'skip'; readonly reason: SkipReason }

function skip(reason: SkipReason): SkipDecision {
  return { kind: 'skip', reason, remarks: [] }
}

function select(
  pod: PodRef,
  conf: PolicyConf,
  annotations: Annotations,
  readSelection: DecideInput['selection'],
  remarks: string[],
): Selected {
  if (valueOf(annotations, annotationNames.istioStatus) !== undefined) return skip('in-pod-sidecar')
  const asked = injectionAskedFor(annotations, remarks)
  if (asked === false) return skip('annotation-opt-out')
  if (asked === true) return { kind: 'capture', reason: 'annotation-opt-in' }
  if (conf.selection === 'annotation') return skip('not-annotated')
  if (conf.selection === 'all') return { kind: 'capture', reason: 'all-pods' }
  if (conf.namespaces.includes(pod.namespace)) {
    return { kind: 'capture', reason: 'namespace-in-configuration' }
  }
  const file = usable(readSelection, remarks)
  if (file === undefined) return skip('selection-unknown')
  return file.namespaces.includes(pod.namespace)
    ? { kind: 'capture', reason: 'namespace-in-selection-file' }
    : skip('namespace-not-selected')
}

/** Our annotation, else Istio's; undefined when neither says anything usable. */
function injectionAskedFor(annotations: Annotations, remarks: string[]): boolean | undefined {
  const own = readWord(annotations, annotationNames.inject, ['true', 'false'])
  if (own !== undefined) return own === 'true'
  const text = valueOf(annotations, annotationNames.istioInject)
  if (text === undefined) return undefined
  const istio = parseGoBoolean(text)
  if (istio === undefined) {
    remarks.push(`annotation ${annotationNames.istioInject} is ${quoted(text)}, which is ignored`)
  }
  return istio
}

function usable(
  readSelection: DecideInput['selection'],
  remarks: string[],
): SelectionFile | undefined {
  try {
    const file = readSelection()
    if (file === undefined) remarks.push('there is no selection file')
    return file
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    remarks.push(error.message)
    return undefined
  }
}

function specOf(conf: PolicyConf, annotations: Annotations): CaptureSpec {
  const { failPolicy, mtls, readiness, serviceAccount } = annotationNames
  const account = readAnnotation(
    annotations,
    serviceAccount,
    'the name of a service account',
    (text) => (isServiceAccountName(text) ? text : undefined),
  )
  return {
    redirect: redirectRequestOf(annotations),
    failPolicy: readWord(annotations, failPolicy, failPolicies) ?? conf.failPolicy,
    mtls: readWord(annotations, mtls, mtlsModes) ?? conf.mtls,
    readiness: readWord(annotations, readiness, readinessModes) ?? conf.readiness,
    serviceAccount: account ?? 'default',
  }
}

/** @throws PolicyError `annotation-invalid` when it is not a map of texts. */
function annotationsOf(value: unknown): Annotations {
  if (value === undefined || value === null) return {}
  const isMap = typeof value === 'object' && !Array.isArray(value)
  const entries: [string, unknown][] = isMap ? Object.entries(value) : []
  if (isMap && entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    return Object.fromEntries(entries)
  }
  throw new PolicyError(
    'annotation-invalid',
    `the pod annotations are ${quoted(value)}: they must be an object of texts`,
  )
}
