import { AgentApiError } from '../error.ts'
import { type AgentHandlers } from '../handlers.ts'
import { type Operation } from '../routes.ts'
import { type AgentServer, agentServer, type AgentServerOptions } from '../server.ts'
import { type AddRequest, type SidecarInfo, type StatusResponse } from '../types.ts'

/** How a fake agent behaves. */
export interface FakeAgentOptions extends Omit<AgentServerOptions, 'handlers'> {
  /** Replaces single answers. */
  readonly handlers?: Partial<AgentHandlers>
}

/** A request that a fake agent was sent. */
export interface RecordedRequest {
  /** Which operation. */
  readonly operation: Operation
  /** The request as it arrived, checked by the protocol's schemas. */
  readonly request: unknown
  /** How long the caller said it would wait, in milliseconds. */
  readonly timeoutMs: number
}

/** An agent that captures nothing, remembers everything, and speaks the real protocol. */
export interface FakeAgent extends AgentServer {
  /** What it was asked, in order. */
  readonly requests: RecordedRequest[]
  /** The sidecars it believes to have, by container id. */
  readonly sidecars: Map<string, SidecarInfo>
}

const SINCE = '2026-01-01T00:00:00.000Z'

/** The sidecar that a fake agent makes of a request. */
export function fakeSidecar(request: AddRequest, change: Partial<SidecarInfo> = {}): SidecarInfo {
  return {
    containerId: request.containerId,
    ifname: request.ifname,
    pod: request.pod,
    state: 'ready',
    since: SINCE,
    reason: request.reason,
    network: request.network,
    netns: request.netns,
    podIps: request.podIps,
    spiffeId: `spiffe://cluster.local/ns/${request.pod.namespace}/sa/${request.capture.serviceAccount}`,
    mtls: request.capture.mtls,
    envoyVersion: '1.40.0',
    pid: 4242,
    epoch: 0,
    restarts: 0,
    ...change,
  }
}

/** Starts a fake agent on a real socket. */
export async function fakeAgent(options: FakeAgentOptions): Promise<FakeAgent> {
  const requests: RecordedRequest[] = []
  const sidecars = new Map<string, SidecarInfo>()
  const handlers = recording({ ...honest(sidecars), ...options.handlers }, requests)
  const server = await agentServer({ ...options, handlers })
  return { ...server, requests, sidecars }
}

function recording(handlers: AgentHandlers, requests: RecordedRequest[]): AgentHandlers {
  const note = (operation: Operation, request: unknown, timeoutMs: number): void => {
    requests.push({ operation, request, timeoutMs })
  }
  return {
    add: (request, context) => {
      note('add', request, context.timeoutMs)
      return handlers.add(request, context)
    },
    del: (request, context) => {
      note('del', request, context.timeoutMs)
      return handlers.del(request, context)
    },
    check: (request, context) => {
      note('check', request, context.timeoutMs)
      return handlers.check(request, context)
    },
    gc: (request, context) => {
      note('gc', request, context.timeoutMs)
      return handlers.gc(request, context)
    },
    status: (context) => {
      note('status', undefined, context.timeoutMs)
      return handlers.status(context)
    },
    sidecars: (context) => {
      note('sidecars', undefined, context.timeoutMs)
      return handlers.sidecars(context)
    },
    explain: (request, context) => {
      note('explain', request, context.timeoutMs)
      return handlers.explain(request, context)
    },
    version: (context) => {
      note('version', undefined, context.timeoutMs)
      return handlers.version(context)
    },
    notReady: () => handlers.notReady(),
  }
}

function honest(sidecars: Map<string, SidecarInfo>): AgentHandlers {
  const all = (): SidecarInfo[] => [...sidecars.values()]
  return {
    async add(request) {
      const sidecar = fakeSidecar(request)
      sidecars.set(request.containerId, sidecar)
      return await Promise.resolve({ sidecar })
    },
    async del({ containerId }) {
      return await Promise.resolve({ removed: sidecars.delete(containerId) })
    },
    async check({ containerId }) {
      const sidecar = sidecars.get(containerId)
      if (sidecar === undefined) throw new AgentApiError('check-failed', 'no such sidecar')
      return await Promise.resolve({ sidecar })
    },
    async gc({ network, validAttachments }) {
      const valid = new Set(validAttachments.map(({ containerId }) => containerId))
      const own = all().filter((sidecar) => sidecar.network === network)
      const removed = own.map(({ containerId }) => containerId).filter((id) => !valid.has(id))
      for (const id of removed) sidecars.delete(id)
      return await Promise.resolve({ removed })
    },
    async status() {
      return await Promise.resolve(fakeStatus(all()))
    },
    async sidecars() {
      return await Promise.resolve({ sidecars: all() })
    },
    async explain({ namespace, name }) {
      const own = all().filter(({ pod }) => pod.namespace === namespace && pod.name === name)
      const [first] = own
      return await Promise.resolve({
        pod: first?.pod ?? { namespace, name },
        captured: first !== undefined,
        ...(first !== undefined && { reason: first.reason }),
        notes: first === undefined ? ['the plugin has not asked for this pod'] : [],
        sidecars: own,
      })
    },
    async version() {
      return await Promise.resolve({ apiVersion: 'v1', version: '0.0.0-fake' })
    },
    notReady: () => undefined,
  }
}

function fakeStatus(sidecars: readonly SidecarInfo[]): StatusResponse {
  const count = (state: SidecarInfo['state']): number =>
    sidecars.filter((sidecar) => sidecar.state === state).length
  return {
    ready: true,
    problems: [],
    version: '0.0.0-fake',
    node: 'fake-node',
    startedAt: SINCE,
    identitySource: 'built-in-ca',
    trustDomain: 'cluster.local',
    sidecars: {
      preparing: count('preparing'),
      ready: count('ready'),
      upgrading: count('upgrading'),
      draining: count('draining'),
      failed: count('failed'),
    },
    pendingDeletes: 0,
  }
}
