import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { type LabPaths } from './lab-directory.ts'

/** A line of an Envoy's access log, as far as it is looked at here. */
export interface AccessLogEntry {
  readonly time: string
  readonly direction: 'inbound' | 'outbound'
  readonly namespace: string
  readonly pod: string
  readonly protocol: string | null
  readonly method: string | null
  readonly path: string | null
  readonly responseCode: number
  readonly tls: string | null
  readonly peerSpiffeId: string | null
  readonly downstreamRemoteAddress: string
  readonly downstreamLocalAddress: string
  readonly upstreamLocalAddress: string | null
}

/** One request between two pods, as the Envoys of both saw it. */
export interface Hop {
  /** What the caller's Envoy saw. */
  readonly client: AccessLogEntry
  /** What the called pod's Envoy saw of the same connection. */
  readonly server: AccessLogEntry
}

/** Everything that the node's Envoys have logged so far, oldest first. */
export async function readAccessLogs({ sidecarDir }: LabPaths): Promise<readonly AccessLogEntry[]> {
  const root = join(sidecarDir, 'sidecars')
  const logs = await Promise.all(
    (await readdir(root)).map((id) => readFile(join(root, id, 'access.log'), 'utf8')),
  )
  return logs
    .flatMap((log) => log.split('\n').filter((line) => line.endsWith('}')))
    .map((line) => JSON.parse(line) as AccessLogEntry)
    .sort((a, b) => (a.time < b.time ? -1 : 1))
}

/**
 * Pairs what two Envoys saw of one connection: the address that the caller's Envoy connected from is
 * the one that the other's was connected to by. Applications need not pass anything on for it.
 */
export function pairHops(entries: readonly AccessLogEntry[]): readonly Hop[] {
  const inbound = entries.filter(({ direction }) => direction === 'inbound')
  return entries
    .filter(({ direction }) => direction === 'outbound')
    .flatMap((client) => {
      const server = inbound.find(
        (entry) =>
          entry.downstreamRemoteAddress === client.upstreamLocalAddress &&
          entry.path === client.path,
      )
      return server === undefined ? [] : [{ client, server }]
    })
}
