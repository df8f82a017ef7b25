import { type CallOptions, type NetlinkTransport } from '../apply/backend.ts'
import { explain } from '../explain/explain.ts'
import { parseAddress } from '../model/address.ts'
import { type Family } from '../model/family.ts'
import { type RuleSet } from '../model/rule-set.ts'
import { trackedConnections } from './conntrack.ts'
import { type ConnectionProber } from './prober.ts'

/** What is probed, and by what. */
export interface ProbeOptions extends CallOptions {
  /** Rules that the namespace should have. */
  readonly rules: RuleSet
  readonly prober: ConnectionProber
  /** Socket in the namespace, to read where connections wanted to go; not read without. */
  readonly netlink?: NetlinkTransport
  /** Owner of the application's connections, not the proxy. Default uid and gid 65532. */
  readonly application?: { readonly uid: number; readonly gid: number }
  /** Owner of the proxy's connections. Default uid and gid 1337. */
  readonly proxy?: { readonly uid: number; readonly gid: number }
  /** Addresses of the pod, to which the proxy connects to show inbound capture. Default none. */
  readonly podAddresses?: readonly string[]
  /** Port that nobody serves. Default 9 (discard). */
  readonly port?: number
  /** How long to wait for one connection, in milliseconds. Default 2000. */
  readonly timeoutMs?: number
}

/** What one connection showed. */
export interface ProbeResult {
  /** `outbound` is the application's connection, `inbound` the proxy's to its own pod. */
  readonly direction: 'outbound' | 'inbound'
  readonly family: Family
  /** Where the connection was to go. */
  readonly target: string
  readonly targetPort: number
  /** Port on which it should arrive, by the rules. */
  readonly capturePort: number
  readonly ok: boolean
  /** What happened, in words. */
  readonly detail: string
}

/** What all connections showed. */
export interface ProbeReport {
  /** Whether at least one connection was made and each was captured. */
  readonly ok: boolean
  readonly results: readonly ProbeResult[]
}

/** Documentation addresses (RFC 5737 and RFC 3849): nobody is there. */
const nobody = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' } as const

/**
 * Shows that the rules of a namespace capture: connections are made from inside to a port that
 * nobody serves, and must arrive at the capture port with their destination on record. A connection
 * that the rules do not mean to capture is not made.
 */
export async function probeCapture(options: ProbeOptions): Promise<ProbeReport> {
  const { application = { uid: 65_532, gid: 65_532 }, proxy = { uid: 1337, gid: 1337 } } = options
  const { rules, podAddresses = [], port = 9 } = options
  const questions = rules.families.flatMap((family): Question[] => {
    const own = podAddresses.filter((text) => parseAddress(text)?.family === family)
    return [
      { direction: 'outbound', family, target: nobody[family], port, owner: application },
      ...included(rules, family).map(
        (target) => ({ direction: 'outbound', family, target, port, owner: application }) as const,
      ),
      ...own.map(
        (target) => ({ direction: 'inbound', family, target, port, owner: proxy }) as const,
      ),
    ]
  })
  const results: ProbeResult[] = []
  for (const question of questions) {
    const capturePort = expectedPort(rules, question)
    if (capturePort !== undefined) results.push(await ask(question, capturePort, options))
  }
  return { ok: results.length > 0 && results.every(({ ok }) => ok), results }
}

interface Question extends Pick<ProbeResult, 'direction' | 'family' | 'target'> {
  readonly port: number
  readonly owner: { readonly uid: number; readonly gid: number }
}

/** An address of the first block that is captured by name. */
function included(rules: RuleSet, family: Family): readonly string[] {
  const [block] =
    rules.sets.find(({ name }) => name === `include_outbound_${family}`)?.elements ?? []
  return block === undefined ? [] : [String(block).replace(/\/\d+$/, '')]
}

function expectedPort(rules: RuleSet, question: Question): number | undefined {
  const { direction, family, target, port, owner } = question
  const { verdict, port: capturePort } = explain(rules, {
    direction: 'outbound',
    family,
    protocol: 'tcp',
    source: direction === 'inbound' ? target : nobody[family],
    destination: target,
    destinationPort: port,
    interface: direction === 'inbound' ? 'lo' : 'eth0',
    ...owner,
  })
  return verdict === 'captured' ? capturePort : undefined
}

async function ask(
  { direction, family, target, port, owner }: Question,
  capturePort: number,
  { prober, netlink, timeoutMs = 2000, signal }: ProbeOptions,
): Promise<ProbeResult> {
  const call: CallOptions = signal === undefined ? {} : { signal }
  const base = { direction, family, target, targetPort: port, capturePort }
  const request = { family, target, targetPort: port, listenPort: capturePort, ...owner, timeoutMs }
  const { outcome, clientPort, isAccepted } = await prober.connect(request, call)
  if (outcome !== 'connected') return { ...base, ok: false, detail: `not captured: ${outcome}` }
  if (isAccepted === false) {
    return { ...base, ok: false, detail: `answered, but not on port ${capturePort}` }
  }
  if (netlink === undefined) {
    return isAccepted === true
      ? { ...base, ok: true, detail: `arrived on port ${capturePort}` }
      : { ...base, ok: false, detail: `port ${capturePort} is in use: cannot see who answered` }
  }
  const tracked = (await trackedConnections(netlink, family, call)).find(
    (one) =>
      one.clientPort === clientPort && one.destination === target && one.destinationPort === port,
  )
  const where = `${target} port ${port}`
  if (tracked === undefined) return { ...base, ok: false, detail: `no record of ${where}` }
  const { answeringPort } = tracked
  const ok = answeringPort === capturePort
  return { ...base, ok, detail: `to ${where}, answered by port ${answeringPort}` }
}
