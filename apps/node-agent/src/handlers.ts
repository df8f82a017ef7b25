import {
  AgentApiError,
  type AgentHandlers,
  type AttachmentId,
  apiVersion,
  type SidecarInfo,
  type SidecarState,
  sidecarStates,
} from '@proxy/agent-api'

import { NetnsError } from '@proxy/netns'

import { CaptureError, capturePod } from './pod/capture.ts'
import { faultsOf } from './pod/check.ts'
import { collectGarbage } from './pod/collect.ts'
import { detachPod } from './pod/detach.ts'
import { type Parts } from './pod/parts.ts'
import { type PodLocks } from './pod/pod-locks.ts'
import { ReleaseError } from './pod/release.ts'
import { type PodRecord } from './state/pod-record.ts'

/** What the agent says about itself. */
interface AgentFacts {
  readonly version: string
  readonly node: string
  readonly startedAt: Date
  readonly identitySource: string
  readonly trustDomain: string
  readonly envoyVersion: string
}

/** What {@link createHandlers} works with besides the parts of a pod. */
export interface HandlersOptions {
  readonly parts: Parts
  readonly locks: PodLocks
  readonly facts: AgentFacts
  /** Why no new pods are taken; undefined when they are. */
  readonly notReady: () => string | undefined
  /** How many deletions wait in the queue. */
  readonly pendingDeletes: () => Promise<number>
  /** Takes back a deletion that waits in the queue, of an attachment that is added again. */
  readonly cancelDelete: (attachment: AttachmentId) => Promise<void>
}

/** CNI's "try again later": kubelet comes back with a new sandbox. */
const TRY_AGAIN = 11
/** The reference's code for a CNI_NETNS that is no network namespace: no use to try that again. */
const INVALID_NETNS = 8

/** The agent's answers to plugin and command line. */
export function createHandlers(options: HandlersOptions): AgentHandlers {
  const { parts, locks, facts, notReady, pendingDeletes, cancelDelete } = options
  const { journal } = parts
  const infoOf = (record: PodRecord): Promise<SidecarInfo> => describe(parts, facts, record)

  return {
    notReady,
    add: (request, { signal }) =>
      locks.withPod(request.containerId, async () => {
        signal.throwIfAborted() // the caller gave up while this waited for the pod
        // It was asked for before this ADD, so it must not be done to what this ADD makes.
        await cancelDelete(request)
        try {
          return { sidecar: await infoOf(await capturePod(parts, request, signal)) }
        } catch (error) {
          if (!(error instanceof CaptureError)) throw error
          throw new AgentApiError('capture-failed', `capture the pod: ${error.message}`, {
            cause: error,
            cniCode: isNoNamespace(error.cause) ? INVALID_NETNS : TRY_AGAIN,
          })
        }
      }),
    del: ({ containerId, ifname }) =>
      locks.withPod(containerId, async () => {
        const detach = () => detachPod(parts, containerId, (one) => one.ifname === ifname)
        return { removed: await translated('release the pod', detach) }
      }),
    check: ({ containerId }) =>
      locks.withPod(containerId, async () => {
        const record = journal.get(containerId)
        if (record === undefined) {
          throw new AgentApiError('check-failed', 'the pod is not captured: no ADD is known for it')
        }
        const faults = await faultsOf(parts, record)
        if (faults.length > 0) throw new AgentApiError('check-failed', faults.join('; '))
        return { sidecar: await infoOf(record) }
      }),
    gc: ({ network, validAttachments }) =>
      locks.exclusively(async () => {
        const collect = () => collectGarbage(parts, network, validAttachments)
        return { removed: [...(await translated('collect garbage', collect))] }
      }),
    async status() {
      const infos = await Promise.all(journal.list().map(infoOf))
      const problem = notReady()
      return {
        ready: problem === undefined,
        problems: [
          ...(problem === undefined ? [] : [problem]),
          ...infos
            .filter(({ state }) => state === 'failed')
            .map(({ pod, detail }) => `${pod.namespace}/${pod.name}: ${detail ?? 'failed'}`),
        ],
        version: facts.version,
        node: facts.node,
        startedAt: facts.startedAt.toISOString(),
        identitySource: facts.identitySource,
        trustDomain: facts.trustDomain,
        sidecars: Object.fromEntries(
          sidecarStates.map((state) => [
            state,
            infos.filter((info) => info.state === state).length,
          ]),
        ) as Record<SidecarState, number>,
        pendingDeletes: await pendingDeletes(),
      }
    },
    async sidecars() {
      const infos = await Promise.all(journal.list().map(infoOf))
      return { sidecars: infos.sort((a, b) => compareText(nameOf(a), nameOf(b))) }
    },
    async explain({ namespace, name }) {
      const records = journal
        .list()
        .filter(({ pod }) => pod.namespace === namespace && pod.name === name)
        .sort((a, b) => compareText(b.since, a.since))
      const newest = records[0]
      if (newest === undefined) {
        const notes = [
          'the plugin never asked this agent for the pod: it runs on another node, or the plugin ' +
            'left it alone (its configuration and the annotations decide; the reason is in its log)',
        ]
        return { pod: { namespace, name }, captured: false, notes, sidecars: [] }
      }
      const notes = await Promise.all(records.map((record) => faultsOf(parts, record)))
      return {
        pod: podOf(newest),
        captured: newest.phase === 'captured',
        reason: newest.reason,
        notes: notes.flat(),
        sidecars: await Promise.all(records.map(infoOf)),
      }
    },
    version: () => Promise.resolve({ apiVersion, version: facts.version }),
  }
}

function isNoNamespace(error: unknown): boolean {
  return error instanceof NetnsError && error.code === 'not-a-netns'
}

async function translated<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error
    throw new AgentApiError('internal', `${doing}: ${error.message}`, { cause: error })
  }
}

async function describe(parts: Parts, facts: AgentFacts, record: PodRecord): Promise<SidecarInfo> {
  const process = await parts.sidecars.inspect(record.containerId)
  const identity = parts.identities.factsOf(record.containerId)
  const state = stateOf(record, process.running)
  return {
    containerId: record.containerId,
    ...firstAttachment(record),
    pod: podOf(record),
    state,
    since: record.since,
    ...(state === 'failed' ? { detail: process.detail ?? 'Envoy does not run' } : {}),
    reason: record.reason,
    netns: parts.network.pathOf(record.containerId),
    podIps: [...record.addresses],
    ...(identity === undefined
      ? {}
      : {
          spiffeId: identity.spiffeId,
          certificateExpires: identity.notAfter.toISOString(),
        }),
    mtls: record.capture.mtls,
    envoyVersion: facts.envoyVersion,
    ...(process.pid === undefined ? {} : { pid: process.pid }),
    restarts: parts.supervision.endsOf(record.containerId),
    rulesHash: parts.network.rulesHash(record),
  }
}

/** The one that the sidecar came with; the protocol has room for one. */
function firstAttachment({ attachments }: PodRecord): Pick<SidecarInfo, 'network' | 'ifname'> {
  const [{ network, ifname } = { network: '', ifname: '' }] = attachments
  return { network, ifname }
}

function stateOf({ phase }: PodRecord, running: boolean): SidecarState {
  switch (phase) {
    case 'capturing':
      return 'preparing'
    case 'releasing':
      return 'draining'
    case 'captured':
      return running ? 'ready' : 'failed'
  }
}

function podOf({ pod }: PodRecord): SidecarInfo['pod'] {
  const { namespace, name, uid } = pod
  return { namespace, name, ...(uid === undefined ? {} : { uid }) }
}

function nameOf({ pod, containerId }: SidecarInfo): string {
  return `${pod.namespace}/${pod.name}/${containerId}`
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
