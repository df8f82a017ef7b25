import { type CallOptions, type CommandRunner } from '../apply/backend.ts'
import { commandError } from '../apply/command-error.ts'
import { families, type Family } from '../model/family.ts'
import { type IstioConfig } from '../istio/config.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { type Wanted } from './input.ts'

/** What a namespace needs beside rules of packet filters. */
export interface RoutingNeed {
  readonly object: 'address' | 'policy' | 'route'
  readonly family: Family
  /** What it is, in the words of `ip`. */
  readonly name: string
  /** Prints something when it is there, and nothing or a failure when it is not. */
  readonly show: readonly string[]
  readonly add: readonly string[]
  readonly remove: readonly string[]
}

/** What must be there for these rules to work. */
export function routingOf(wanted: Wanted): readonly RoutingNeed[] {
  return wanted.form === 'istio' ? istioRouting(wanted.config) : ownRouting(wanted.spec)
}

/** All that may have been added for rules like these, and for any rules of ours. */
export function routingLeft(wanted: Wanted): readonly RoutingNeed[] {
  if (wanted.form === 'own') return [sourceAddress(wanted.spec.inboundSourceIpv6)]
  const { config } = wanted
  return istioRouting({ ...config, enableIpv6: true, mode: 'TPROXY', includeInboundPorts: '*' })
}

function ownRouting(spec: RedirectSpec): readonly RoutingNeed[] {
  return spec.families.includes('ipv6') ? [sourceAddress(spec.inboundSourceIpv6)] : []
}

/**
 * What Istio's program adds with `ip` after the rules: the address from which the proxy connects to
 * the application by IPv6, and for TPROXY the way of marked packets to this machine.
 */
function istioRouting(config: IstioConfig): readonly RoutingNeed[] {
  const isTproxy = config.mode === 'TPROXY' && config.includeInboundPorts !== undefined
  return [
    ...(config.enableIpv6 ? [sourceAddress('::6')] : []),
    ...families
      .filter((family) => isTproxy && (family === 'ipv4' || config.enableIpv6))
      .flatMap((family) => markedWay(family, config.tproxyMark, config.tproxyRouteTable)),
  ]
}

function sourceAddress(address: string): RoutingNeed {
  const block = `${address}/128`
  return {
    object: 'address',
    family: 'ipv6',
    name: `${block} dev lo`,
    show: ['-6', '-o', 'address', 'show', 'dev', 'lo', 'to', block],
    add: ['-6', 'address', 'replace', block, 'dev', 'lo'],
    remove: ['-6', 'address', 'delete', block, 'dev', 'lo'],
  }
}

function markedWay(family: Family, mark: number, table: number): readonly RoutingNeed[] {
  const letter = family === 'ipv4' ? '-4' : '-6'
  const policy = ['fwmark', String(mark), 'lookup', String(table)]
  const route = ['local', 'default', 'dev', 'lo', 'table', String(table)]
  const routes = ['table', String(table), 'type', 'local', 'exact', 'default', 'dev', 'lo']
  return [
    {
      object: 'policy',
      family,
      name: policy.join(' '),
      show: [letter, 'rule', 'show', ...policy],
      add: [letter, 'rule', 'add', ...policy],
      remove: [letter, 'rule', 'delete', ...policy],
    },
    {
      object: 'route',
      family,
      name: route.join(' '),
      show: [letter, 'route', 'show', ...routes],
      add: [letter, 'route', 'replace', ...route],
      remove: [letter, 'route', 'delete', ...route],
    },
  ]
}

/** Those that are not there. */
export async function missingRouting(
  runner: CommandRunner,
  needs: readonly RoutingNeed[],
  call?: CallOptions,
): Promise<readonly RoutingNeed[]> {
  const missing: RoutingNeed[] = []
  for (const need of needs) if (!(await isThere(runner, need, call))) missing.push(need)
  return missing
}

/** Adds what is not there; what is there stays alone. Says whether anything was added. */
export async function addRouting(
  runner: CommandRunner,
  needs: readonly RoutingNeed[],
  call?: CallOptions,
): Promise<boolean> {
  const missing = await missingRouting(runner, needs, call)
  for (const need of missing) await ip(runner, need.add, call)
  return missing.length > 0
}

/** How often one thing can be there. */
const mostTimes = 100

/** Removes what is there, as often as it is there. Says whether anything was removed. */
export async function removeRouting(
  runner: CommandRunner,
  needs: readonly RoutingNeed[],
  call?: CallOptions,
): Promise<boolean> {
  let removed = 0
  for (const need of needs) {
    // Istio's program adds another policy each time it runs.
    for (let time = 0; time < mostTimes && (await isThere(runner, need, call)); time++) {
      await ip(runner, need.remove, call)
      removed++
    }
  }
  return removed > 0
}

async function isThere(
  runner: CommandRunner,
  { show }: RoutingNeed,
  call?: CallOptions,
): Promise<boolean> {
  const { exitCode, stdout } = await runner.run(['ip', ...show], undefined, call)
  // A table without routes, or a kernel without the family, is a failure to `ip`.
  return exitCode === 0 && stdout.trim() !== ''
}

async function ip(
  runner: CommandRunner,
  args: readonly string[],
  call?: CallOptions,
): Promise<void> {
  const argv: readonly [string, ...string[]] = ['ip', ...args]
  const output = await runner.run(argv, undefined, call)
  if (output.exitCode !== 0) throw commandError(argv, output, '')
}
