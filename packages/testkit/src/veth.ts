import { type TestNetns } from './netns-sandbox.ts'

/** One end of a cable between two namespaces. */
export interface VethEnd {
  readonly netns: TestNetns
  /** Name of the interface there, at most 15 characters. */
  readonly ifname: string
  /** Addresses in CIDR form. */
  readonly addresses: readonly string[]
}

/** Joins two namespaces with a veth pair, addresses set and links up. Gone with either namespace. */
export async function connectNetns(a: VethEnd, b: VethEnd): Promise<void> {
  await a.netns.must(
    ...(['ip', 'link', 'add', a.ifname, 'type', 'veth'] as const),
    ...['peer', 'name', b.ifname, 'netns', b.netns.name],
  )
  for (const { netns, ifname, addresses } of [a, b]) {
    for (const address of addresses) {
      // `nodad`: an IPv6 address is usable at once, not after duplicate address detection.
      const nodad = address.includes(':') ? ['nodad'] : []
      await netns.must('ip', 'address', 'add', address, 'dev', ifname, ...nodad)
    }
    await netns.must('ip', 'link', 'set', ifname, 'up')
  }
}
