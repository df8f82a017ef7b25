import { type CaptureSpec, type DecisionReason } from '@proxy/policy'

/** The version of the protocol: the first part of every path but the two probes'. */
export const apiVersion = 'v1'

/** A pod as the runtime names it. */
export interface PodName {
  /** Namespace of the pod. */
  namespace: string
  /** Name of the pod. */
  name: string
  /** UID of the pod; some runtimes do not tell it. */
  uid?: string
}

/** One attachment of a container to a network. */
export interface AttachmentId {
  /** The runtime's id of the sandbox. */
  containerId: string
  /** The interface inside the namespace. */
  ifname: string
}

/** Captures a pod. Repeating it is allowed and changes nothing. */
export interface AddRequest extends AttachmentId {
  /** Name of the network: GC speaks of one network's attachments. */
  network: string
  /** Absolute path of the network namespace. */
  netns: string
  /** The pod the sandbox belongs to. */
  pod: PodName
  /** The pod's annotations, when the runtime gave them. */
  annotations?: Record<string, string>
  /** The pod's addresses from the previous result, without prefix length. */
  podIps: string[]
  /** How to capture it. */
  capture: CaptureSpec
  /** Why it was selected. */
  reason: DecisionReason
}

/** Where a sidecar is in its life. */
export const sidecarStates = ['preparing', 'ready', 'upgrading', 'draining', 'failed'] as const

/** See {@link sidecarStates}. */
export type SidecarState = (typeof sidecarStates)[number]

/** One sidecar, as the agent knows it. */
export interface SidecarInfo extends AttachmentId {
  /** The pod it serves. */
  pod: PodName
  /** See {@link sidecarStates}. */
  state: SidecarState
  /** When it entered that state, RFC 3339. */
  since: string
  /** Why it is in that state, in words. */
  detail?: string
  /** Why the pod was selected. */
  reason: DecisionReason
  /** Name of the network it was attached through. */
  network: string
  /** Where its namespace is pinned. */
  netns: string
  /** Addresses of the pod. */
  podIps: string[]
  /** Its SPIFFE identity. */
  spiffeId?: string
  /** When its certificate ends, RFC 3339. */
  certificateExpires?: string
  /** Inbound mutual TLS. */
  mtls: CaptureSpec['mtls']
  /** Version of its Envoy. */
  envoyVersion?: string
  /** Process id of its Envoy. */
  pid?: number
  /** Which generation of Envoy serves, counted from 0. */
  epoch?: number
  /** How often Envoy was started again after dying. */
  restarts?: number
  /** Hash of the redirection rules as applied. */
  rulesHash?: string
}

/** The pod is captured. */
export interface AddResponse {
  /** Its sidecar. */
  sidecar: SidecarInfo
}

/** Releases a pod. Repeating it is allowed. */
export interface DelRequest extends AttachmentId {
  /** Absolute path of the network namespace; the runtime may not know it any more. */
  netns?: string
  /** The pod, when the runtime tells. */
  pod?: PodName
}

/** Nothing of the pod is left. */
export interface DelResponse {
  /** Whether there was anything. */
  removed: boolean
}

/** Asks whether a pod is still captured as it should be. */
export interface CheckRequest extends AttachmentId {
  /** Absolute path of the network namespace. */
  netns: string
  /** The pod, when the runtime tells. */
  pod?: PodName
  /** How it should be captured. */
  capture: CaptureSpec
}

/** Everything is in place; otherwise the answer is the error `check-failed`. */
export interface CheckResponse {
  /** The sidecar that was looked at. */
  sidecar: SidecarInfo
}

/** Removes every sidecar of one network whose attachment is not listed. */
export interface GcRequest {
  /** Name of the network; sidecars of other networks are not touched. */
  network: string
  /** The attachments that are in use. An empty list means that none is. */
  validAttachments: AttachmentId[]
}

/** What was collected. */
export interface GcResponse {
  /** The container ids of the sidecars that were removed. */
  removed: string[]
}

/** The agent as a whole. */
export interface StatusResponse {
  /** Whether it takes new pods. */
  ready: boolean
  /** Why not, or what else is wrong, one sentence part each; empty when all is well. */
  problems: string[]
  /** Version of the agent. */
  version: string
  /** Name of the node. */
  node: string
  /** When the agent started, RFC 3339. */
  startedAt: string
  /** Where identities come from, for example `built-in-ca`. */
  identitySource: string
  /** The trust domain of the identities. */
  trustDomain: string
  /** How many sidecars are in each state. */
  sidecars: Record<SidecarState, number>
  /** How many deletions wait to be done. */
  pendingDeletes: number
}

/** All sidecars of the node. */
export interface SidecarsResponse {
  /** Sorted by namespace and name of the pod. */
  sidecars: SidecarInfo[]
}

/** Asks why a pod is or is not captured. */
export interface ExplainRequest {
  /** Namespace of the pod. */
  namespace: string
  /** Name of the pod. */
  name: string
}

/** What the agent knows about one pod. */
export interface ExplainResponse {
  /** The pod asked about. */
  pod: PodName
  /** Whether it has a sidecar on this node. */
  captured: boolean
  /** Why, from the closed list; absent when the plugin never asked for the pod. */
  reason?: DecisionReason
  /** What else there is to say, one sentence part each. */
  notes: string[]
  /** Its sidecars: more than one while an old sandbox is being replaced. */
  sidecars: SidecarInfo[]
}

/** Who answers. */
export interface VersionResponse {
  /** The protocol it speaks. */
  apiVersion: typeof apiVersion
  /** Version of the agent. */
  version: string
}

/** The body of every answer that is not a success. */
export interface ErrorBody {
  /** What went wrong. */
  error: {
    /** One of `wireErrorCodes`. */
    code: string
    /** For people: what was being done, then what happened. */
    message: string
    /** Whether the same request may succeed later. */
    retryable: boolean
    /** The CNI error code the plugin should print. */
    cniCode?: number
    /** More for the person who looks into it. */
    details?: string
  }
}
