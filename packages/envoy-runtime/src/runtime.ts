import { type EnvoyBootstrap } from '@proxy/envoy-config'
import { type EnvoyAdmin } from './admin.ts'

/** Where one sidecar has its files. The paths are the same for the agent and for Envoy. */
export interface SidecarPaths {
  /** The sidecar's own folder: its uid, mode 0700, Envoy's working directory. */
  readonly directory: string
  /** The bootstrap, 0400. */
  readonly bootstrap: string
  /** Secrets for file SDS; written by the caller before the start. */
  readonly sds: string
  /** The admin's Unix socket. */
  readonly adminSocket: string
  /** What Envoy says about itself. */
  readonly log: string
  /** What Envoy writes to its standard output: the access log, when the configuration says `stdout`. */
  readonly accessLog: string
}

/** One sidecar as it should run. */
export interface SidecarSpec {
  /** The pod sandbox's container id: letters, digits, `_`, `.`, `-`; at most 128. */
  readonly id: string
  /** File of the pod's network namespace: a pin, or `/proc/<pid>/ns/net`. */
  readonly netnsPath: string
  /** Its admin must listen on {@link SidecarPaths.adminSocket}. */
  readonly bootstrap: EnvoyBootstrap
  /** For people and for the caller; kept as they are. Default: none. */
  readonly labels?: Readonly<Record<string, string>>
  /** The whole environment of Envoy beside `PATH`. Default: empty. */
  readonly environment?: Readonly<Record<string, string>>
  /** Worker threads. Default 1: enough for a sidecar, and the smallest. */
  readonly concurrency?: number
  /** Envoy's own log. Default `warning`. */
  readonly logLevel?: EnvoyLogLevel
  /** How long a graceful drain may take, in seconds. Default 5. */
  readonly drainTimeS?: number
}

/** Envoy's log levels. */
export type EnvoyLogLevel = 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off'

/**
 * - `prepared`: has a folder, was never started, or what is left of a start that failed early;
 * - `running`: its Envoy lives (not: is ready);
 * - `exited`: it was started and is dead now; a zombie is dead.
 */
export type SidecarState = 'prepared' | 'running' | 'exited'

/** One sidecar as it is. */
export interface SidecarStatus {
  readonly id: string
  readonly state: SidecarState
  readonly paths: SidecarPaths
  /** Present when running. */
  readonly pid?: number
  /** When it was started, ISO 8601. Absent where the record of it was lost. */
  readonly startedAt?: string
  /** The network namespace it was started in, as device and inode number. */
  readonly netns?: { readonly dev: number; readonly ino: number }
  /** As given in the spec; empty where the record was lost. */
  readonly labels: Readonly<Record<string, string>>
  /** Changes when the spec does. */
  readonly specHash?: string
}

/** What a running sidecar costs. */
export interface SidecarStats {
  /** Resident memory in bytes; most of it is shared by all Envoys that run the same file. */
  readonly rssBytes: number
  /** CPU time used so far, user and system, in milliseconds. */
  readonly cpuMs: number
  /** Open file descriptors. */
  readonly fds: number
  readonly threads: number
}

/** How to end a sidecar. */
export interface StopOptions {
  /** How long open connections may go on, in milliseconds. Default 5000; 0: not at all. */
  readonly graceMs?: number
  /** How long Envoy may take to end after SIGTERM, before SIGKILL. Default 2000. */
  readonly termMs?: number
  /** Gives up waiting for connections, not for the end: the process is then killed at once. */
  readonly signal?: AbortSignal
}

/** How a sidecar ended: it was not running, it had no connection left, it was told to, it was killed. */
export type StopOutcome = 'not-running' | 'drained' | 'terminated' | 'killed'

/** How to wait for readiness. */
export interface ReadyOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number
  /** Listeners that must be there. Default: `inbound` and `outbound`. */
  readonly listeners?: readonly string[]
  readonly signal?: AbortSignal
}

/**
 * Runs sidecars. All verbs may be called again, in any order, by another process after this one
 * crashed; each takes up where the last one ended. Drivers for container runtimes implement it too.
 */
export interface SidecarRuntime {
  /** Which driver it is, for logs. */
  readonly name: string
  /** Where a sidecar of this id has its files, there or not. Throws `spec-invalid` for a bad id. */
  paths(id: string): SidecarPaths
  /**
   * Makes the folder that all sidecars of the node may read, for files they share (the outbound
   * listener), and returns its path. It is the same path inside.
   */
  prepareShared(): Promise<string>
  /** Makes the sidecar's folder, so that secrets can be put in before the start. */
  prepare(id: string): Promise<SidecarPaths>
  /**
   * Makes it run; returns as soon as the process is Envoy, which is before it is ready. Does nothing
   * when it already runs from the same spec; throws `conflict` when from another.
   */
  start(spec: SidecarSpec, options?: { readonly signal?: AbortSignal }): Promise<SidecarStatus>
  /** Waits until it serves. Fails as soon as it is dead, with its last log lines. */
  waitUntilReady(id: string, options?: ReadyOptions): Promise<void>
  /** All sidecars of this state directory, whoever started them, sorted by id. */
  list(): Promise<readonly SidecarStatus[]>
  /** One of them; `undefined` when nothing of it is there. */
  inspect(id: string): Promise<SidecarStatus | undefined>
  /** Ends it: graceful drain, then SIGTERM, then SIGKILL. Its files stay. */
  stop(id: string, options?: StopOptions): Promise<StopOutcome>
  /** Ends it at once, with SIGKILL. Its files stay. */
  kill(id: string): Promise<void>
  /** Ends it at once if it runs, and removes its files. Nothing to remove is fine. */
  remove(id: string): Promise<void>
  /**
   * Makes each of its logs that has more than `maxBytes` short again; the newest lines stay. To be
   * called now and then: logs are not bounded by themselves.
   */
  trimLogs(id: string, maxBytes: number): Promise<void>
  /** What it costs. Throws `not-found` when it does not run. */
  stats(id: string): Promise<SidecarStats>
  /** Its admin. Makes no connection by itself. */
  admin(id: string): EnvoyAdmin
}
