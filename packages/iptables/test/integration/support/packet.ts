import { type Family, type Packet } from '../../../src/index.ts'
import { addresses } from './addresses.ts'
import { owners, type Probe } from './traffic-cases.ts'

/** The address from which the proxy connects to the application. */
export const proxySource = { ipv4: '127.0.0.6', ipv6: '::6' } as const

/** The first packet of the connection that a probe makes in the scene. */
export function packetOf(probe: Omit<Probe, 'expect'>, family: Family): Packet {
  const { pod, second, loopback, otherLoopback, [probe.to]: host } = addresses[family]
  const own: readonly string[] = [pod, second, loopback, otherLoopback]
  const isSecond = probe.to === 'second' || probe.to === 'secondClient'
  const base = {
    family,
    protocol: probe.protocol ?? 'tcp',
    destination: host,
    destinationPort: probe.port,
  } as const
  if (probe.from === 'client') {
    const source = addresses[family][isSecond ? 'secondClient' : 'client']
    return { ...base, direction: 'inbound', source, interface: isSecond ? 'net1' : 'eth0' }
  }
  const out = own.includes(host) ? 'lo' : isSecond ? 'net1' : 'eth0'
  const source = out === 'lo' ? host : pod
  return {
    ...base,
    ...owners[probe.from],
    direction: 'outbound',
    interface: out,
    source: probe.asProxySource === true ? proxySource[family] : source,
  }
}
