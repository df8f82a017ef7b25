import { execFile } from 'node:child_process'

import { RawNetlinkSocket } from 'netlink/dist/raw.js'

import {
  type CommandRunner,
  iptablesRestoreBackend,
  type NetlinkTransport,
  nftablesBackend,
  nftBackend,
  type RedirectBackend,
  replyTracker,
} from '../src/index.ts'

const NETLINK_NETFILTER = 12
const socket = new RawNetlinkSocket(NETLINK_NETFILTER)

/** A transport in the namespace of this process. */
const netlink: NetlinkTransport = {
  exchange: (messages) =>
    new Promise((resolve) => {
      const datagrams: Uint8Array[] = []
      const tracker = replyTracker(messages)
      const take = (datagram: Buffer): void => {
        const copy = new Uint8Array(datagram)
        datagrams.push(copy)
        if (!tracker.accept(copy)) return
        socket.off('message', take)
        resolve(datagrams)
      }
      socket.on('message', take)
      socket.send(Buffer.from(messages))
    }),
}

/** Runs programs in the namespace of this process. */
const runner: CommandRunner = {
  run: ([program, ...args], stdin = '') =>
    new Promise((resolve) => {
      const child = execFile(program, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      )
      child.stdin?.on('error', () => undefined).end(stdin)
    }),
}

/** Runs a program that must succeed. */
export async function must(argv: readonly [string, ...string[]]): Promise<void> {
  const { exitCode, stderr } = await runner.run(argv)
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
}

/** The back ends, as a warm process inside the namespace has them. */
export const backends: Readonly<Record<string, RedirectBackend>> = {
  'nf_tables by netlink': nftablesBackend({ netlink }),
  'nft -f': nftBackend({ runner }),
  'iptables-nft-restore': iptablesRestoreBackend({ runner, variant: 'nft' }),
  'iptables-legacy-restore': iptablesRestoreBackend({
    runner,
    variant: 'legacy',
    lockFile: '/proc/self/ns/net',
  }),
}
