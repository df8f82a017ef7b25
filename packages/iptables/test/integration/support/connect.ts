import { type Family } from '../../../src/index.ts'
import { addresses } from './addresses.ts'
import { proxySource } from './packet.ts'
import { type Scene } from './scene.ts'
import { owners, type Probe } from './traffic-cases.ts'

/** Makes the connection of a probe; the label of the listener that took it. */
export async function connect(
  scene: Scene,
  probe: Omit<Probe, 'expect'>,
  family: Family,
): Promise<string> {
  const source = probe.asProxySource === true ? { source: proxySource[family] } : {}
  const target = { host: addresses[family][probe.to], port: probe.port, ...source }
  if (probe.protocol === 'udp') {
    const { host, port } = target
    const { uid, gid } = owners[probe.from === 'client' ? 'app' : probe.from]
    return (probe.from === 'client' ? scene.outside : scene.inside).datagram({
      host,
      port,
      uid,
      gid,
    })
  }
  const answer = await (probe.from === 'client'
    ? scene.outside.connect({ ...target, ...owners.app })
    : scene.inside.connect({ ...target, ...owners[probe.from] }))
  return answer.split(' ')[0] ?? ''
}
