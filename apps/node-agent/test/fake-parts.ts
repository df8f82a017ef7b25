import { createTempDir, type TempDir } from '@proxy/testkit'

import { type Parts } from '../src/pod/parts.ts'
import { openJournal } from '../src/state/journal.ts'

/** A node in memory: what the verbs of its parts have done to it, with a real journal on disk. */
export interface FakeNode extends AsyncDisposable {
  readonly parts: Parts
  readonly dir: TempDir
  /** Called before each effect. */
  observe: () => void
  /** Every effect so far, in order. */
  readonly calls: string[]
  /** What was logged as an error. */
  readonly errors: string[]
  /** Makes a verb fail whenever it is called, until cleared. */
  readonly failing: Set<string>
  /** What is there now, by kind. */
  readonly pins: Map<string, string>
  readonly rules: Set<string>
  readonly running: Set<string>
  readonly files: Set<string>
  readonly identities: Set<string>
  readonly watched: Set<string>
  readonly peers: Map<string, readonly string[]>
  /** Namespaces that exist, by path. */
  readonly namespaces: Map<string, { readonly dev: number; readonly ino: number }>
  /** Everything that is left of a container anywhere. */
  leftOf(containerId: string): readonly string[]
  /** The same node after a crash and restart of the agent: memory gone, the rest there. */
  restart(): Promise<void>
}

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined }

export async function createFakeNode(): Promise<FakeNode> {
  const dir = await createTempDir('agent')
  const calls: string[] = []
  const errors: string[] = []
  const failing = new Set<string>()
  const [pins, peers] = [new Map<string, string>(), new Map<string, readonly string[]>()]
  const [rules, running] = [new Set<string>(), new Set<string>()]
  const [files, identities] = [new Set<string>(), new Set<string>()]
  const watched = new Set<string>()
  const namespaces = new Map<string, { readonly dev: number; readonly ino: number }>()
  /** Notes the call, then does it unless it shall fail. */
  const effect = async <T>(verb: string, containerId: string, work: () => T): Promise<T> => {
    calls.push(`${verb} ${containerId}`)
    node.observe()
    await Promise.resolve()
    if (failing.has(verb)) throw new Error(`${verb} fails`)
    return work()
  }
  let { journal } = await openJournal(dir.path)

  const parts: Parts = {
    get journal() {
      return journal
    },
    network: {
      backend: 'nftables',
      proxyUid: 1337,
      proxyGid: 1337,
      pin: (containerId, netns) =>
        effect('pin', containerId, () => {
          const id = namespaces.get(netns)
          if (id === undefined) throw new Error(`${netns} is no namespace`)
          pins.set(containerId, netns)
          return id
        }),
      unpin: (containerId) => effect('unpin', containerId, () => void pins.delete(containerId)),
      pinned: () => Promise.resolve([...pins.keys()]),
      pathOf: (containerId) => `/pins/${containerId}`,
      isSame: (netns, { dev, ino }) => {
        const id = namespaces.get(netns)
        return id?.dev === dev && id.ino === ino
      },
      addresses: () => Promise.resolve(['10.1.0.9']),
      redirect: ({ containerId }) =>
        effect('redirect', containerId, () => void rules.add(containerId)),
      redirectFaults: ({ containerId }) =>
        Promise.resolve(rules.has(containerId) ? [] : ['rule x is missing']),
      unredirect: (containerId, backend = 'nftables') =>
        effect('unredirect', containerId, () => {
          if (backend === 'nftables') rules.delete(containerId)
          else calls.push(`unredirect ${containerId} of ${backend}`)
        }),
      socketFaults: () => Promise.resolve([]),
      rulesHash: () => 'hash',
    },
    sidecars: {
      start: ({ containerId }) =>
        effect(
          'start',
          containerId,
          () => void [running, files].map((set) => set.add(containerId)),
        ),
      remove: (containerId) =>
        effect('remove', containerId, () => {
          for (const set of [running, files]) set.delete(containerId)
        }),
      inspect: (containerId) => Promise.resolve({ running: running.has(containerId), pid: 7 }),
      faults: () => Promise.resolve([]),
      trimLogs: () => Promise.resolve(),
      list: () => Promise.resolve([...files]),
    },
    identities: {
      provision: ({ containerId }) =>
        effect('provision', containerId, () => void identities.add(containerId)),
      retire: (containerId) =>
        effect('retire', containerId, () => void identities.delete(containerId)),
      suspend: (containerId) =>
        effect('suspend', containerId, () => void identities.delete(containerId)),
      factsOf: (containerId) =>
        identities.has(containerId)
          ? { spiffeId: 'spiffe://cluster.local/ns/default/sa/default', notAfter: new Date(0) }
          : undefined,
    },
    peers: {
      set: (containerId, addresses) =>
        effect('peer', containerId, () => void peers.set(containerId, addresses)),
      remove: (containerId) => effect('unpeer', containerId, () => void peers.delete(containerId)),
    },
    supervision: {
      watch: (containerId) => void watched.add(containerId),
      endsOf: () => 0,
      unwatch: (containerId) => void watched.delete(containerId),
      close: () => watched.clear(),
    },
    log: {
      ...silent,
      error: (message, fields) => void errors.push(`${message} ${JSON.stringify(fields)}`),
    },
    now: () => new Date('2026-11-24T12:00:00Z'),
  }
  const node: FakeNode = {
    parts,
    dir,
    observe: () => undefined,
    ...{
      calls,
      errors,
      failing,
      pins,
      rules,
      running,
      files,
      identities,
      watched,
      peers,
      namespaces,
    },
    leftOf: (containerId) =>
      Object.entries({ pins, rules, running, files, identities, peers, watched })
        .filter(([, there]) => there.has(containerId))
        .map(([kind]) => kind)
        .concat(journal.get(containerId) === undefined ? [] : ['journal']),
    async restart() {
      identities.clear()
      watched.clear()
      peers.clear()
      ;({ journal } = await openJournal(dir.path))
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
  return node
}
