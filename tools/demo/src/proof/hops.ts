import { type Hop, type Lab, pairHops, readAccessLogs } from '@proxy/lab'
import { eventually } from '@proxy/testkit'

import { CALLS } from '../scene.ts'
import { type Proof, prove } from './proof.ts'

/** Each call between two pods is in the access logs of both their Envoys, with both identities. */
export function proveHops(lab: Lab): Promise<Proof> {
  return prove('hops', 'each call was seen by two Envoys, which know each other', async () => {
    // Envoy writes its access log when ten seconds have passed or a buffer is full.
    const hops = await eventually(
      async () => {
        const found = pairHops(await readAccessLogs(lab.paths))
        const missing = CALLS.find(([from, to]) => hopOf(found, from, to) === undefined)
        if (missing === undefined) return found
        throw new Error(`no two Envoys have seen the call from ${missing.join(' to ')}`)
      },
      { timeoutMs: 20_000, intervalMs: 250 },
    )
    const seen = CALLS.map(([from, to]) => hopOf(hops, from, to)).filter((hop) => hop !== undefined)
    return { holds: seen.every(isMutual), evidence: seen.map(line) }
  })
}

function hopOf(hops: readonly Hop[], from: string, to: string): Hop | undefined {
  return hops.find(({ client, server }) => client.pod === from && server.pod === to)
}

/** Both sides spoke TLS and each knows the other's identity. */
function isMutual({ client, server }: Hop): boolean {
  const ids = [client.peerSpiffeId, server.peerSpiffeId]
  return (
    client.tls !== null && server.tls !== null && ids.every((id) => id?.startsWith('spiffe://'))
  )
}

function line({ client, server }: Hop): string {
  const request = `${client.method ?? '?'} ${client.path ?? '?'} ${client.responseCode}`
  return (
    `${client.pod} -> [its Envoy] == ${client.tls ?? 'no TLS'} ==> [its Envoy] -> ${server.pod}` +
    `   ${request}   peer ${server.peerSpiffeId ?? 'unknown'}`
  )
}
