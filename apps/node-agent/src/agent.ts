import { hostname } from 'node:os'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { agentClient, AgentApiError, agentServer, cancelQueuedDelete } from '@proxy/agent-api'
import { isTmpfs } from '@proxy/certs'
import { type OutboundConfig } from '@proxy/envoy-config'
import { processRuntime } from '@proxy/envoy-runtime'
import { releasePinDirectory, startNetnsHelper } from '@proxy/netns'
import { renderSelectionFile } from '@proxy/policy'

import { type Config } from './config/options.ts'
import { createHandlers } from './handlers.ts'
import { queuedReleases } from './node/delete-queue.ts'
import { sidecarDescriptors } from './node/descriptors.ts'
import { envoyVersion } from './node/envoy-version.ts'
import { createIdentities, openIdentitySource } from './node/identities.ts'
import { createPeers } from './node/peers.ts'
import { createPodNetwork } from './node/pod-network.ts'
import { reconcile, repairPod } from './node/reconcile.ts'
import { createSidecars } from './node/sidecars.ts'
import { createSupervision } from './node/supervision.ts'
import { type Log, type Parts } from './pod/parts.ts'
import { createPodLocks } from './pod/pod-locks.ts'
import { writeDurably } from './state/durable-file.ts'
import { openJournal } from './state/journal.ts'
import { type PodRecord } from './state/pod-record.ts'
import { VERSION } from './version.ts'

/** The agent cannot run as it is configured; the message says what to do. */
export class StartError extends Error {
  override name = 'StartError'
}

/**
 * Runs the agent until `signal` aborts: brings the node in order first, then serves, and from then on
 * keeps it in order. Sidecars stay when it ends; the next agent adopts them.
 */
export async function runAgent(config: Config, log: Log, signal: AbortSignal): Promise<void> {
  if (process.geteuid?.() !== 0) {
    throw new StartError('proxy-agent works on namespaces and rules: run it as root')
  }
  const startedAt = new Date()
  const now = (): Date => new Date()
  await expectNoOther(config.socket)
  await prepareDirectories(config)
  const version = await envoyVersion(config.envoyPath).catch((error: unknown) => {
    throw new StartError(`--envoy-path: ${(error as Error).message}`, { cause: error })
  })
  await using helper = await startNetnsHelper()
  const source = await openIdentitySource({
    kind: config.identitySource,
    caDirectory: join(config.stateDir, 'ca'),
    directory: config.identityDir,
    trustDomain: config.trustDomain,
    leafLifetimeMs: config.leafLifetime,
    now,
  })
  await source.trustBundle().catch((error: unknown) => {
    const why = (error as Error).message
    log.error('no identity can be issued yet, ADD will fail', { source: source.name, error: why })
  })
  const { maxOpenFiles, maxConnections } = await sidecarDescriptors()
  const runtime = processRuntime({
    maxOpenFiles,
    envoyPath: config.envoyPath,
    stateDirectory: config.sidecarDir,
    uid: config.proxyUid,
    gid: config.proxyGid,
  })
  const { journal, unreadable } = await openJournal(join(config.stateDir, 'journal'))
  expectSameUser(config, journal.list())
  for (const { file, why } of unreadable) {
    log.error('a journal entry is unreadable and set aside', { file, why })
  }
  const listener = listenerOf(config)
  const outboundListenerFile = join(await runtime.prepareShared(), 'outbound-listener.json')
  const pinDirectory = join(config.runDir, 'netns')
  const network = createPodNetwork({
    helper,
    pinDirectory,
    backend: config.redirectBackend,
    outboundPort: config.outboundPort,
    inboundPort: config.inboundPort,
    proxyUid: config.proxyUid,
    proxyGid: config.proxyGid,
  })
  const locks = createPodLocks()
  const supervision = createSupervision({
    adminSocketOf: (containerId) => runtime.paths(containerId).adminSocket,
    random: Math.random,
    onEnd(containerId) {
      log.warn('a sidecar has ended', { containerId: containerId.slice(0, 12) })
      const repair = () => repairPod(parts, containerId, signal)
      locks.withPod(containerId, repair).catch((error: unknown) => {
        const why = (error as Error).message
        log.error('repair failed', { containerId: containerId.slice(0, 12), error: why })
      })
    },
  })
  const parts: Parts = {
    journal,
    network,
    sidecars: createSidecars({
      runtime,
      maxConnections,
      listener,
      outboundListenerFile,
      trustDomain: config.trustDomain,
      netnsPathOf: (containerId) => network.pathOf(containerId),
      startTimeoutMs: config.startTimeout,
      stopGraceMs: config.stopGrace,
    }),
    identities: createIdentities({
      source,
      trustDomain: config.trustDomain,
      directoryOf: (containerId) => runtime.paths(containerId).sds,
      prepare: (containerId) => runtime.prepare(containerId),
      uid: config.proxyUid,
      gid: config.proxyGid,
      log,
      now,
    }),
    peers: await createPeers({
      file: outboundListenerFile,
      listener,
      initial: journal.list().map(({ containerId, addresses }) => [containerId, addresses]),
    }),
    supervision,
    log,
    now,
  }

  const deleteQueue = join(config.stateDir, 'delete-queue')
  const queue = () => queuedReleases(deleteQueue, log)
  const bringInOrder = (): Promise<void> => reconcile(parts, { locks, queue, signal })
  await bringInOrder()
  await writeDurably(
    join(config.runDir, 'selection.json'),
    renderSelectionFile(config.includeNamespaces),
    0o644,
  )
  const server = await agentServer({
    socketPath: config.socket,
    log,
    handlers: createHandlers({
      parts,
      locks,
      facts: {
        version: VERSION,
        node: hostname(),
        startedAt,
        identitySource: source.name,
        trustDomain: config.trustDomain,
        envoyVersion: version,
      },
      notReady: () => (signal.aborted ? 'the agent is stopping' : undefined),
      pendingDeletes: async () => (await queue()).length,
      cancelDelete: (attachment) => cancelQueuedDelete(deleteQueue, attachment),
    }),
  })
  log.info('agent serves', { socket: config.socket, version: VERSION, envoyVersion: version })
  await keepInOrder(bringInOrder, config.reconcileInterval, signal)
  supervision.close()
  await server.close()
  for (const { containerId } of journal.list()) await parts.identities.suspend(containerId)
  if (journal.list().length === 0) releasePinDirectory(pinDirectory)
  log.info('agent ends', { sidecarsLeftRunning: journal.list().length })
}

/**
 * The socket is claimed only when the node is in order. Another agent on the same folders would by
 * then have lost the captures that were under way, so it is looked for first.
 */
async function expectNoOther(socketPath: string): Promise<void> {
  try {
    await agentClient({ socketPath }).alive({ timeoutMs: 2000 })
  } catch (error) {
    if (error instanceof AgentApiError && error.code === 'agent-absent') return
    throw new StartError(
      `--socket ${socketPath} is in use but does not answer (${(error as Error).message}): ` +
        'end the agent that hangs there, or use other folders and another socket',
      { cause: error },
    )
  }
  throw new StartError(
    `--socket ${socketPath}: another agent serves there; end it first, or use other folders and another socket`,
  )
}

/** Rules and files of a captured pod are for one user; its Envoy cannot be another one afterwards. */
function expectSameUser({ proxyUid, proxyGid }: Config, records: readonly PodRecord[]): void {
  const other = records.find((record) => {
    return record.proxyUid !== proxyUid || record.proxyGid !== proxyGid
  })
  if (other === undefined) return
  throw new StartError(
    `--proxy-uid ${proxyUid} --proxy-gid ${proxyGid}: ${other.pod.namespace}/${other.pod.name} was ` +
      `captured with ${other.proxyUid} and ${other.proxyGid}; delete the captured pods first, or ` +
      'keep user and group',
  )
}

async function keepInOrder(
  work: () => Promise<void>,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined) // woken by the signal
    if (signal.aborted) return
    await work()
  }
}

async function prepareDirectories(config: Config): Promise<void> {
  await mkdir(config.runDir, { recursive: true, mode: 0o700 })
  await mkdir(config.stateDir, { recursive: true, mode: 0o700 })
  // Envoy's user has to get through to its own folder, and lists nothing.
  await mkdir(config.sidecarDir, { recursive: true, mode: 0o711 })
  if (!config.allowKeysOnDisk && !(await isTmpfs(config.sidecarDir))) {
    throw new StartError(
      `--sidecar-dir ${config.sidecarDir} is not on tmpfs, so private keys would reach a disk: ` +
        'mount a tmpfs there, choose another folder, or accept it with --allow-keys-on-disk',
    )
  }
}

/** What every sidecar's listeners have in common. */
function listenerOf(config: Config): Omit<OutboundConfig, 'peers' | 'version'> {
  const hasIpv6 = existsSync('/proc/net/if_inet6')
  return {
    outboundPort: config.outboundPort,
    inboundPort: config.inboundPort,
    families: hasIpv6 ? ['ipv4', 'ipv6'] : ['ipv4'],
  }
}
