import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

import { eventually, type Finished, run } from '@proxy/testkit'

import { type CniClient, type PodIdentity } from './cnitool.ts'
import { type LabPaths } from './lab-directory.ts'

/** The user that applications run as: neither root nor the proxy's. */
const APP_UID = '10001'

/** A pod of the lab: a namespace, and what a runtime would do for it. */
export interface Pod {
  readonly identity: PodIdentity
  /** Its namespace's name and file. */
  readonly netnsName: string
  readonly netns: string
  /** The id under which cnitool adds it. */
  readonly containerId: string
  /** Its IPv4 address without the prefix length; throws before a successful {@link add}. */
  readonly ip: string
  /** The same of IPv6, in a lab that has it. */
  readonly ipv6: string
  /** Whether it ever got an address. */
  readonly added: boolean
  /** cnitool's verbs; a failed one is returned, not thrown. */
  add(): Promise<Finished>
  check(): Promise<Finished>
  del(): Promise<Finished>
  /** The same as add, but a failure throws what the chain printed. */
  start(): Promise<void>
  /** Runs a program inside, as root unless `uid` is given. */
  run(argv: readonly [string, ...string[]], options?: { readonly uid?: string }): Promise<Finished>
  /** Starts one of the bookinfo programs as a user without rights; returns when it listens. */
  startApp(name: string, env?: Readonly<Record<string, string>>): Promise<void>
}

export function createPod(
  identity: PodIdentity,
  netnsName: string,
  netns: string,
  { client, paths }: { readonly client: CniClient; readonly paths: LabPaths },
): Pod {
  let addresses: readonly string[] = []
  const enter = ['nsenter', `--net=${netns}`, '--'] as const
  const addressOf = (isOfFamily: (address: string) => boolean): string => {
    const found = addresses.find(isOfFamily)
    if (found === undefined) throw new Error(`${identity.name} has no such address: was it added?`)
    return found
  }
  const asUser = (uid: string): readonly string[] => [
    ...['setpriv', '--reuid', uid, '--regid', uid, '--clear-groups', '--no-new-privs'],
    '--inh-caps=-all',
  ]
  const pod: Pod = {
    identity,
    netnsName,
    netns,
    containerId: `cnitool-${createHash('sha512').update(netns).digest('hex').slice(0, 20)}`,
    get ip() {
      return addressOf((address) => address.includes('.'))
    },
    get added() {
      return addresses.length > 0
    },
    get ipv6() {
      return addressOf((address) => address.includes(':'))
    },
    async add() {
      const finished = await client.call('add', netns, identity)
      if (finished.exitCode === 0) addresses = addressesOf(finished.stdout)
      return finished
    },
    check: () => client.call('check', netns, identity),
    del: () => client.call('del', netns, identity),
    async start() {
      const { exitCode, stdout, stderr } = await pod.add()
      if (exitCode !== 0)
        throw new Error(`ADD of ${identity.name}: ${stderr.trim()} ${stdout.trim()}`)
    },
    run: (argv, { uid } = {}) =>
      run([...enter, ...(uid === undefined ? [] : asUser(uid)), ...argv]),
    async startApp(name, env = {}) {
      const log = await open(join(paths.root, `${identity.name}.log`), 'a')
      const program = [paths.node, join(paths.bookinfo, `${name}.mjs`)]
      const child = spawn('nsenter', [...enter.slice(1), ...asUser(APP_UID), ...program], {
        stdio: ['ignore', log.fd, log.fd],
        env,
        cwd: '/',
        detached: true,
      })
      child.unref()
      await log.close()
      await eventually(async () => {
        const { stdout } = await run([...enter, 'ss', '-Hltn', 'sport = :9080'])
        if (stdout === '') throw new Error(`${name} does not listen`)
      })
    },
  }
  return pod
}

function addressesOf(result: string): readonly string[] {
  const { ips = [] } = JSON.parse(result) as {
    readonly ips?: readonly { readonly address: string }[]
  }
  if (ips.length === 0) throw new Error(`the chain's result has no address: ${result}`)
  return ips.map(({ address }) => address.replace(/\/\d+$/, ''))
}
