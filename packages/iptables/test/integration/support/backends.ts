import { type TestNetns } from '@proxy/testkit'

import {
  type CommandRunner,
  ipRouteControl,
  iptablesRestoreBackend,
  nftBackend,
  nftablesBackend,
  type RedirectBackend,
} from '../../../src/index.ts'
import { openTransport } from './netlink-transport.ts'

/** Every way of putting rules into the kernel. */
export const backendNames = ['netlink', 'nft', 'iptables-nft', 'iptables-legacy'] as const

/** See {@link backendNames}. */
export type BackendName = (typeof backendNames)[number]

/** Runs commands in the namespace. */
export function runnerIn(netns: TestNetns): CommandRunner {
  return { run: (argv, stdin) => netns.run(argv, stdin === undefined ? {} : { stdin }) }
}

/** A back end for the namespace; what it started ends when disposed. */
export async function openBackend(
  name: BackendName,
  netns: TestNetns,
): Promise<RedirectBackend & AsyncDisposable> {
  const routes = ipRouteControl({ runner: runnerIn(netns) })
  if (name === 'netlink') {
    const netlink = await openTransport(netns)
    return {
      ...nftablesBackend({ netlink, routes }),
      [Symbol.asyncDispose]: () => netlink[Symbol.asyncDispose](),
    }
  }
  if (name === 'nft') {
    return {
      ...nftBackend({ runner: runnerIn(netns), routes }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  }
  const variant = name === 'iptables-nft' ? 'nft' : 'legacy'
  const backend = iptablesRestoreBackend({
    runner: runnerIn(netns),
    variant,
    lockFile: netns.path,
    routes,
  })
  return { ...backend, [Symbol.asyncDispose]: () => Promise.resolve() }
}
