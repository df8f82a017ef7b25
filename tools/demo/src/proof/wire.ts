import { type Pod, type WireConnection } from '@proxy/lab'

import { podsOf, type Scene } from '../scene.ts'
import { type Proof, prove } from './proof.ts'

/** What an eavesdropper on the bridge gets: TLS between captured pods, although all speak HTTP. */
export function proveWire(scene: Scene, connections: readonly WireConnection[]): Promise<Proof> {
  const claim = 'the bytes between captured pods are TLS, although the programs speak plain HTTP'
  return prove('wire', claim, () => {
    const captured = podsOf(scene).filter((pod) => pod !== scene.excluded)
    const between = connections.filter(
      ({ client, server }) => podAt(captured, client) && podAt(captured, server),
    )
    const outside = connections.filter((connection) => !between.includes(connection))
    const show = ({ client, server, kind, bytes, excerpt }: WireConnection): string =>
      `${nameOf(captured, client)} -> ${nameOf(captured, server)}: ${kind}, ${bytes} bytes, "${excerpt}"`
    return Promise.resolve({
      holds: between.length >= 3 && between.every(({ kind }) => kind === 'tls'),
      evidence: [...between.map(show), ...outside.map(show)],
    })
  })
}

function podAt(pods: readonly Pod[], address: string): Pod | undefined {
  return pods.find(({ ip }) => address.startsWith(`${ip}:`))
}

function nameOf(pods: readonly Pod[], address: string): string {
  return podAt(pods, address)?.identity.name ?? 'a client without a proxy'
}
