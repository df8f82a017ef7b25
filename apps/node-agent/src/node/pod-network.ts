import { join } from 'node:path'

import {
  iptablesRestoreBackend,
  nftablesBackend,
  parseRedirectSpec,
  plan,
  type RedirectBackend,
  type RedirectSpec,
  type RuleDiff,
  type RuleSet,
  ruleSetHash,
} from '@proxy/iptables'
import {
  isNetns,
  listNetns,
  netnsIdentity,
  type NetnsHelper,
  NetnsError,
  pinNetns,
  unpinNetns,
} from '@proxy/netns'

import { type Backend } from '../config/values.ts'
import { type PodNetwork } from '../pod/parts.ts'
import { type PodRecord } from '../state/pod-record.ts'

/** What the pods' namespaces are worked on with. */
export interface PodNetworkOptions {
  readonly helper: NetnsHelper
  /** Folder of the pins. */
  readonly pinDirectory: string
  readonly backend: Backend
  readonly outboundPort: number
  readonly inboundPort: number
  readonly proxyUid: number
  readonly proxyGid: number
}

/** Envoy connects to the application from here, so that the rules know those connections. */
const INBOUND_SOURCE_IPV6 = '::6/128'

/** Works on pods' namespaces through the helper: this process never enters one. */
export function createPodNetwork(options: PodNetworkOptions): PodNetwork {
  const { helper, pinDirectory, inboundPort, outboundPort, proxyUid } = options
  const pathOf = (containerId: string): string => join(pinDirectory, containerId)

  const withBackend = async <T>(
    containerId: string,
    work: (backend: RedirectBackend) => Promise<T>,
    name: Backend = options.backend,
  ): Promise<T> => {
    const path = pathOf(containerId)
    if (name !== 'nftables') {
      const variant = name === 'iptables-nft' ? 'nft' : 'legacy'
      const runner = helper.commandRunner(path)
      // The namespace's own file is the lock: the host's is kube-proxy's business.
      return work(iptablesRestoreBackend({ runner, variant, lockFile: path }))
    }
    using netlink = helper.netlink(path, 'netfilter')
    return await work(nftablesBackend({ netlink }))
  }
  /** Whether IPv6 is switched on inside: `lo` then has `::1`. */
  const hasIpv6 = async (containerId: string): Promise<boolean> => {
    const addresses = await helper.addresses(pathOf(containerId))
    return addresses.some(({ address }) => address === '::1')
  }

  return {
    proxyUid,
    proxyGid: options.proxyGid,
    backend: options.backend,
    pathOf,
    async pin(containerId, netns) {
      const { identity } = await pinNetns(netns, pathOf(containerId))
      return identity
    },
    unpin: (containerId) => unpinNetns(pathOf(containerId)),
    async pinned() {
      const entries = await listNetns(pinDirectory)
      return entries.map(({ name }) => name)
    },
    isSame(netns, id) {
      try {
        const { dev, ino } = netnsIdentity(netns)
        return dev === id.dev && ino === id.ino
      } catch (error) {
        const gone = error instanceof NetnsError && GONE.has(error.code)
        if (gone) return false
        throw error
      }
    },
    async addresses(containerId) {
      const addresses = await helper.addresses(pathOf(containerId))
      return addresses.filter(({ scope }) => scope === 'global').map(({ address }) => address)
    },
    async redirect(record) {
      if (await hasIpv6(record.containerId)) {
        await helper.addAddress(pathOf(record.containerId), INBOUND_SOURCE_IPV6, 'lo')
      }
      await withBackend(record.containerId, (backend) => backend.apply(rulesOf(record, options)))
    },
    async redirectFaults(record) {
      const rules = rulesOf(record, options)
      const { differences } = await withBackend(record.containerId, (backend) => {
        return backend.verify(rules)
      })
      return differences.map(describe)
    },
    async unredirect(containerId, backend) {
      const path = pathOf(containerId)
      if (!isNetns(path)) return
      await withBackend(containerId, (rules) => rules.remove(), backend)
      await helper.removeAddress(path, INBOUND_SOURCE_IPV6, 'lo')
    },
    async socketFaults({ containerId }) {
      const listeners = await helper.listeners(pathOf(containerId))
      return [outboundPort, inboundPort].flatMap((port) => {
        const owners = listeners.filter((listener) => listener.port === port)
        if (owners.length === 0) return [`nothing listens on port ${port}`]
        const foreign = owners.find(({ uid }) => uid !== proxyUid)
        if (foreign === undefined) return []
        return [`user ${foreign.uid} listens on port ${port}, which belongs to the sidecar`]
      })
    },
    rulesHash: (record) => ruleSetHash(rulesOf(record, options)),
  }
}

/** Codes by which a namespace that is not there any more is known. */
const GONE: ReadonlySet<string> = new Set(['netns-gone', 'not-a-netns'])

/** The rules of a pod: what it asked for, with the node's ports and user. */
function rulesOf({ capture }: PodRecord, options: PodNetworkOptions): RuleSet {
  return plan(specOf(capture, options))
}

function specOf(capture: PodRecord['capture'], options: PodNetworkOptions): RedirectSpec {
  const { outboundPort, inboundPort, proxyUid, proxyGid } = options
  const node = { outboundPort, inboundPort, proxyUids: [proxyUid], proxyGids: [proxyGid] }
  return parseRedirectSpec({ ...capture.redirect, ...node }, { contradictions: 'keep' })
}

function describe({ kind, object, chain, name }: RuleDiff): string {
  return `${object} ${name}${chain === undefined ? '' : ` of chain ${chain}`} is ${kind}`
}
