import { type AddRequest } from '@proxy/agent-api'

import { type Backend } from '../config/values.ts'
import { type Journal } from '../state/journal.ts'
import { type PodRecord } from '../state/pod-record.ts'

/** The pod's network namespace, as far as capturing a pod needs it. Every verb may be repeated. */
export interface PodNetwork {
  /** Whose traffic the rules of a new capture exempt. */
  readonly proxyUid: number
  readonly proxyGid: number
  /** What {@link redirect} makes rules with. */
  readonly backend: Backend
  /** Keeps the namespace at `netns` alive; throws when it is none. */
  pin(containerId: string, netns: string): Promise<PodRecord['netnsId']>
  /** Lets it go; also when it never was pinned. */
  unpin(containerId: string): Promise<void>
  /** Containers whose namespace is pinned. */
  pinned(): Promise<readonly string[]>
  /** Path of the pin. */
  pathOf(containerId: string): string
  /** Whether the path still is this namespace: false once the runtime has taken the sandbox down. */
  isSame(netns: string, id: PodRecord['netnsId']): boolean
  /** The pod's addresses, without loopback and link-local ones. */
  addresses(containerId: string): Promise<readonly string[]>
  /** Redirects the pod's traffic to the sidecar, in one transaction. */
  redirect(record: PodRecord): Promise<void>
  /** What differs between the kernel and {@link redirect}, one sentence each. */
  redirectFaults(record: PodRecord): Promise<readonly string[]>
  /**
   * Takes every rule of a back end (default {@link backend}) and every address of ours out of the
   * namespace; also when it is gone.
   */
  unredirect(containerId: string, backend?: Backend): Promise<void>
  /** What is wrong with the sockets that traffic is redirected to, one sentence each. */
  socketFaults(record: PodRecord): Promise<readonly string[]>
  /** Hash of the rules that {@link redirect} makes. */
  rulesHash(record: PodRecord): string
}

/** A sidecar's process, as the runtime sees it. */
interface SidecarProcess {
  readonly running: boolean
  readonly pid?: number | undefined
  /** Why it does not run, when that is known. */
  readonly detail?: string | undefined
}

/** The sidecars of this node. Every verb may be repeated. */
export interface Sidecars {
  /** Starts the pod's Envoy unless it runs, and waits as the pod's readiness policy says. */
  start(record: PodRecord, signal: AbortSignal): Promise<void>
  /** Ends it and removes its files; also when it never was started. */
  remove(containerId: string): Promise<void>
  inspect(containerId: string): Promise<SidecarProcess>
  /** What is wrong with a running one as it says itself, one sentence each. */
  faults(containerId: string): Promise<readonly string[]>
  /** Keeps its logs from filling the node's memory; the newest lines stay. */
  trimLogs(containerId: string): Promise<void>
  /** Containers that have a sidecar or files of one. */
  list(): Promise<readonly string[]>
}

/** The pods' identities. Every verb may be repeated. */
export interface Identities {
  /** Gives the sidecar a certificate of its own and keeps it fresh until {@link retire}. */
  provision(record: PodRecord): Promise<void>
  /** Ends that and removes the key; also when there never was one. */
  retire(containerId: string): Promise<void>
  /** Stops keeping it fresh and leaves it in use: the agent ends, the sidecar stays. */
  suspend(containerId: string): Promise<void>
  /** What may be shown of it. */
  factsOf(containerId: string): { readonly spiffeId: string; readonly notAfter: Date } | undefined
}

/** The addresses of captured pods: sidecars speak mutual TLS to those. */
export interface Peers {
  /** Returns when every sidecar of the node is told. */
  set(containerId: string, addresses: readonly string[]): Promise<void>
  remove(containerId: string): Promise<void>
}

/** Notices when a sidecar ends. Every verb may be repeated. */
export interface Supervision {
  /** From now on an end of this sidecar is noticed. */
  watch(containerId: string): void
  /** How often it has ended since this agent watches it. */
  endsOf(containerId: string): number
  /** Its end is expected. */
  unwatch(containerId: string): void
  /** The agent ends; sidecars stay. */
  close(): void
}

/** Structured log: a constant phrase, and fields. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** What captures and releases pods. */
export interface Parts {
  readonly journal: Journal
  readonly network: PodNetwork
  readonly sidecars: Sidecars
  readonly identities: Identities
  readonly peers: Peers
  readonly supervision: Supervision
  readonly log: Log
  readonly now: () => Date
}

/** A pod as logs name it. */
export function podFields({
  containerId,
  pod,
}: Pick<PodRecord, 'containerId' | 'pod'> | Pick<AddRequest, 'containerId' | 'pod'>): Record<
  string,
  unknown
> {
  return { pod: pod.name, namespace: pod.namespace, containerId: containerId.slice(0, 12) }
}
