import { type PodRecord } from '../state/pod-record.ts'
import { type Parts } from './parts.ts'

/**
 * Everything that is not as a captured pod should be, one sentence each; empty when all is well.
 * Looks at the kernel and at Envoy, not at what was noted.
 */
export async function faultsOf(parts: Parts, record: PodRecord): Promise<readonly string[]> {
  const { network, sidecars } = parts
  if (record.phase !== 'captured') return [`the pod is ${record.phase}`]
  if (!network.isSame(record.netns, record.netnsId)) {
    return [`${record.netns} is not the namespace that was captured`]
  }
  const process = await sidecars.inspect(record.containerId)
  if (!process.running) return [`the sidecar does not run: ${process.detail ?? 'it ended'}`]
  const faults = await Promise.all([
    network.redirectFaults(record),
    network.socketFaults(record),
    sidecars.faults(record.containerId),
  ])
  return faults.flat()
}
