import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

import { outboundDiscovery, type OutboundConfig } from '@proxy/envoy-config'

import { type Peers } from '../pod/parts.ts'
import { writeDurably } from '../state/durable-file.ts'

/** The file that holds every sidecar's outbound listener, and what is the same for all of them. */
export interface PeersOptions {
  readonly file: string
  readonly listener: Omit<OutboundConfig, 'peers' | 'version'>
  /** Addresses of the pods that were captured before the agent started. Default: none. */
  readonly initial?: Iterable<readonly [containerId: string, addresses: readonly string[]]>
}

/**
 * Keeps the outbound listener, with the addresses of all captured pods, in one file that every Envoy
 * of the node watches: a pod that comes or goes costs one write, whatever the number of sidecars.
 * Changes that come while one is being written are written together.
 */
export async function createPeers({ file, listener, initial = [] }: PeersOptions): Promise<Peers> {
  const addressesOf = new Map<string, readonly string[]>(initial)
  let version = 0
  let written = ''
  /** The write under way, and the one that will follow it for all who came meanwhile. */
  let writing: Promise<void> | undefined
  let following: Promise<void> | undefined

  const write = async (): Promise<void> => {
    const peers = [...new Set([...addressesOf.values()].flat())].sort()
    const key = peers.join(' ')
    if (version > 0 && key === written) return
    version += 1
    const discovery = outboundDiscovery({ ...listener, peers, version: String(version) })
    await writeDurably(file, JSON.stringify(discovery), 0o644)
    written = key
  }
  const startWrite = (): Promise<void> => {
    writing = write().finally(() => (writing = undefined))
    return writing
  }
  const flush = (): Promise<void> => {
    if (writing === undefined) return startWrite()
    following ??= writing
      .catch(() => undefined) // reported to those who waited for it
      .then(() => {
        following = undefined
        return startWrite()
      })
    return following
  }

  await mkdir(dirname(file), { recursive: true, mode: 0o755 })
  await flush()
  return {
    async set(containerId, addresses) {
      addressesOf.set(containerId, addresses)
      await flush()
    },
    async remove(containerId) {
      if (addressesOf.delete(containerId)) await flush()
    },
  }
}
