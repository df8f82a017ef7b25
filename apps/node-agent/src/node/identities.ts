import { setMaxListeners } from 'node:events'

import {
  builtInCa,
  directorySource,
  type IdentitySource,
  removeSdsFiles,
  rotateIdentity,
  type SpiffeId,
  type WorkloadIdentity,
  workloadSpiffeId,
  writeSdsFiles,
} from '@proxy/certs'

import { type Identities, type Log, podFields } from '../pod/parts.ts'
import { type PodRecord } from '../state/pod-record.ts'

/** What the pods' identities are made of. */
export interface IdentitiesOptions {
  readonly source: IdentitySource
  readonly trustDomain: string
  /** Where a sidecar's SDS files are. */
  readonly directoryOf: (containerId: string) => string
  /** Makes the folder that is in. */
  readonly prepare: (containerId: string) => Promise<unknown>
  readonly uid: number
  readonly gid: number
  readonly log: Log
  readonly now: () => Date
}

interface Provisioned {
  readonly rotation: AbortController
  identity: WorkloadIdentity
}

/** Where identities come from, as configured. */
export async function openIdentitySource(options: {
  readonly kind: 'built-in' | 'directory'
  readonly caDirectory: string
  readonly directory: string
  readonly trustDomain: string
  readonly leafLifetimeMs: number
  readonly now: () => Date
}): Promise<IdentitySource> {
  const { now, trustDomain, leafLifetimeMs } = options
  if (options.kind === 'directory') {
    return directorySource({ directory: options.directory, shared: true, now })
  }
  return builtInCa({ stateDirectory: options.caDirectory, trustDomain, leafLifetimeMs, now })
}

/**
 * Issues an identity per pod, hands it to its Envoy by file SDS, and keeps it fresh. A rotation that
 * fails leaves the old certificate in use and is tried again.
 */
export function createIdentities(options: IdentitiesOptions): Identities {
  const { source, trustDomain, directoryOf, prepare, uid, gid, log, now } = options
  const provisioned = new Map<string, Provisioned>()
  const deliver = (containerId: string, identity: WorkloadIdentity): Promise<void> =>
    writeSdsFiles({ directory: directoryOf(containerId), identity, uid, gid })

  return {
    async provision(record) {
      const { containerId } = record
      provisioned.get(containerId)?.rotation.abort()
      const spiffeId = spiffeIdOf(record, trustDomain)
      const identity = await source.issue(spiffeId)
      await prepare(containerId)
      await deliver(containerId, identity)
      const rotation = new AbortController()
      setMaxListeners(0, rotation.signal)
      const entry: Provisioned = { rotation, identity }
      provisioned.set(containerId, entry)
      void rotateIdentity({
        source,
        spiffeId,
        current: identity,
        signal: rotation.signal,
        now,
        random: Math.random,
        async deliver(next) {
          await deliver(containerId, next)
          entry.identity = next
          log.info('certificate rotated', { ...podFields(record), expires: next.notAfter })
        },
        onFailure({ error, failures, retryAt, usableUntil }) {
          const why = error instanceof Error ? error.message : String(error)
          const fields = { ...podFields(record), failures, retryAt, usableUntil, error: why }
          log.error('certificate rotation failed', fields)
        },
      }).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error)
        log.error('certificate rotation ended', { ...podFields(record), error: why })
      })
    },
    async retire(containerId) {
      provisioned.get(containerId)?.rotation.abort()
      provisioned.delete(containerId)
      await removeSdsFiles(directoryOf(containerId))
    },
    suspend(containerId) {
      provisioned.get(containerId)?.rotation.abort()
      provisioned.delete(containerId)
      return Promise.resolve()
    },
    factsOf: (containerId) => provisioned.get(containerId)?.identity,
  }
}

function spiffeIdOf({ pod, capture }: PodRecord, trustDomain: string): SpiffeId {
  return workloadSpiffeId(trustDomain, pod.namespace, capture.serviceAccount)
}
