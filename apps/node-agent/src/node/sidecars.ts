import { type OutboundConfig, sidecarBootstrap, sidecarEnvironment } from '@proxy/envoy-config'
import { EnvoyRuntimeError, type SidecarRuntime, type SidecarSpec } from '@proxy/envoy-runtime'

import { type Sidecars } from '../pod/parts.ts'
import { type PodRecord } from '../state/pod-record.ts'

/** What sidecars are run with. */
export interface SidecarsOptions {
  readonly runtime: SidecarRuntime
  /** How many connections one takes; it closes more. */
  readonly maxConnections: number
  /** What all sidecars have in common with the outbound listener they share. */
  readonly listener: Omit<OutboundConfig, 'peers' | 'version'>
  /** The file of that listener. */
  readonly outboundListenerFile: string
  readonly trustDomain: string
  /** Path of a pod's pinned namespace. */
  readonly netnsPathOf: (containerId: string) => string
  /** How long an Envoy may take to become ready, in milliseconds. */
  readonly startTimeoutMs: number
  /** How long open connections may go on at the end, in milliseconds. */
  readonly stopGraceMs: number
}

/** How long each of a sidecar's logs may get, in bytes: they are in memory, and clients write them. */
const MAX_LOG_BYTES = 4_194_304

/** Runs one Envoy per captured pod. */
export function createSidecars(options: SidecarsOptions): Sidecars {
  const { runtime } = options

  const begin = async (spec: SidecarSpec, signal: AbortSignal): Promise<void> => {
    try {
      await runtime.start(spec, { signal })
    } catch (error) {
      const other = error instanceof EnvoyRuntimeError && error.code === 'conflict'
      if (!other) throw error
      await runtime.kill(spec.id) // the pod was added again and asks for something else now
      await runtime.start(spec, { signal })
    }
  }

  return {
    async start(record, signal) {
      await runtime.prepare(record.containerId)
      await begin(specOf(record, options), signal)
      if (record.capture.readiness === 'started') return
      await runtime.waitUntilReady(record.containerId, {
        timeoutMs: options.startTimeoutMs,
        signal,
      })
    },
    async remove(containerId) {
      await runtime.stop(containerId, { graceMs: options.stopGraceMs })
      await runtime.remove(containerId)
    },
    async inspect(containerId) {
      const status = await runtime.inspect(containerId)
      if (status?.state === 'running') return { running: true, pid: status.pid }
      const log = status?.paths.log
      const detail = log === undefined ? 'it was never started' : `Envoy ended; its log is ${log}`
      return { running: false, detail }
    },
    async faults(containerId) {
      try {
        const ready = await runtime.admin(containerId).ready({ timeoutMs: 2000 })
        return ready ? [] : ['Envoy is not ready']
      } catch (error) {
        return [`Envoy does not answer: ${(error as Error).message}`]
      }
    },
    trimLogs: (containerId) => runtime.trimLogs(containerId, MAX_LOG_BYTES),
    async list() {
      const statuses = await runtime.list()
      return statuses.map(({ id }) => id)
    },
  }
}

function specOf(record: PodRecord, options: SidecarsOptions): SidecarSpec {
  const { containerId, pod, capture } = record
  const { runtime, maxConnections, listener, outboundListenerFile, trustDomain, netnsPathOf } =
    options
  const paths = runtime.paths(containerId)
  return {
    id: containerId,
    netnsPath: netnsPathOf(containerId),
    bootstrap: sidecarBootstrap({
      ...listener,
      node: {
        pod: pod.name,
        namespace: pod.namespace,
        containerId,
        ...(pod.uid === undefined ? {} : { uid: pod.uid }),
      },
      trustDomain,
      adminSocket: paths.adminSocket,
      sdsDirectory: paths.sds,
      outboundListenerFile,
      mode: capture.mtls,
      maxDownstreamConnections: maxConnections,
    }),
    environment: sidecarEnvironment({ pod: pod.name, namespace: pod.namespace }),
    labels: {
      'io.kubernetes.pod.namespace': pod.namespace,
      'io.kubernetes.pod.name': pod.name,
      ...(pod.uid === undefined ? {} : { 'io.kubernetes.pod.uid': pod.uid }),
    },
  }
}
