import { connectNetns, createNetns, type TestNetns } from '@proxy/testkit'

import { addresses } from './addresses.ts'
import { type Prober, startProber } from './probes.ts'

/** A pod and a client outside, each with its listeners. */
export interface Scene extends AsyncDisposable {
  readonly pod: TestNetns
  readonly client: TestNetns
  /** Connects from inside the pod. */
  readonly inside: Prober
  /** Connects from the client. */
  readonly outside: Prober
}

/** Ports of the application, and what answers there. */
export const appPorts = [53, 80, 8080, 3306, 9090] as const

/** Ports that answer in the client. */
export const remotePorts = [53, 80, 443, 3306, 8443] as const

/**
 * A pod with `eth0` and `net1`, both to one client that has a third address behind it. In the pod
 * the capture ports answer `inbound-capture`, `outbound-capture`, `tunnel` and `dns-capture`, other ports `app`;
 * in the client everything answers `remote`. With `transparent`, the inbound port is left to the
 * caller.
 */
export async function createScene(
  label: string,
  options: { readonly transparent?: boolean } = {},
): Promise<Scene> {
  const pod = await createNetns(`${label}-pod`)
  const client = await createNetns(`${label}-cli`)
  const cable = async (
    podIf: string,
    clientIf: string,
    podEnd: string[],
    clientEnd: string[],
  ): Promise<void> =>
    connectNetns(
      { netns: pod, ifname: podIf, addresses: podEnd },
      { netns: client, ifname: clientIf, addresses: clientEnd },
    )
  const { ipv4, ipv6 } = addresses
  await cable(
    'eth0',
    'c0',
    [`${ipv4.pod}/24`, `${ipv6.pod}/64`],
    [`${ipv4.client}/24`, `${ipv6.client}/64`],
  )
  await cable(
    'net1',
    'c1',
    [`${ipv4.second}/24`, `${ipv6.second}/64`],
    [`${ipv4.secondClient}/24`, `${ipv6.secondClient}/64`],
  )
  await client.must('ip', 'address', 'add', `${ipv4.other}/32`, 'dev', 'lo')
  await client.must('ip', 'address', 'add', `${ipv6.other}/128`, 'dev', 'lo', 'nodad')
  await pod.must('ip', 'route', 'add', 'default', 'via', ipv4.client)
  await pod.must('ip', '-6', 'route', 'add', 'default', 'via', ipv6.client)
  await pod.must('ip', 'address', 'add', '::6/128', 'dev', 'lo', 'nodad')

  const inside = await startProber(pod)
  const outside = await startProber(client)
  await inside.listen(15_001, 'outbound-capture')
  if (options.transparent !== true) await inside.listen(15_006, 'inbound-capture')
  await inside.listen(15_008, 'tunnel')
  await inside.listenLocally(15_053, 'dns-capture')
  for (const port of appPorts) await inside.listen(port, 'app')
  for (const port of remotePorts) await outside.listen(port, 'remote')
  return {
    pod,
    client,
    inside,
    outside,
    async [Symbol.asyncDispose]() {
      await inside[Symbol.asyncDispose]()
      await outside[Symbol.asyncDispose]()
      await pod[Symbol.asyncDispose]()
      await client[Symbol.asyncDispose]()
    },
  }
}
