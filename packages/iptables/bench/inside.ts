// Runs inside a namespace as root, started by kernel.bench.ts: measures one scenario, and prints
// one line of JSON.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

import {
  forFamily,
  parseRedirectSpec,
  plan,
  type RedirectBackend,
  renderRestore,
  type Rule,
  type RuleSet,
} from '../src/index.ts'
import { backends, must } from './in-process.ts'
import { large, other, typical } from './plans.ts'
import { type Measurement, time, type Timing } from './timing.ts'

async function ways(): Promise<Measurement[]> {
  const measured: Measurement[] = []
  for (const [name, backend] of Object.entries(backends)) {
    const runs = name.includes('netlink') ? 500 : 40
    const apply = await time(
      runs,
      () => backend.apply(typical),
      () => backend.remove(),
    )
    const same = await time(runs, () => backend.apply(typical))
    const verify = await time(runs, () => backend.verify(typical))
    const replace = await time(runs, (turn) => backend.apply(turn % 2 === 0 ? other : typical))
    await backend.remove()
    measured.push({ name, columns: { apply, 'apply the same': same, verify, replace } })
  }
  for (const variant of ['nft', 'legacy']) {
    const apply = await time(
      5,
      () => onePerRule(variant),
      () =>
        backends[`iptables-${variant}-restore`]?.remove() ??
        Promise.reject(new Error('no such back end')),
    )
    measured.push({ name: `one iptables-${variant} per rule`, columns: { apply } })
  }
  return measured
}

/** What a program does that starts `iptables` for each chain and rule. */
async function onePerRule(variant: string): Promise<void> {
  for (const family of ['ipv4', 'ipv6'] as const) {
    const tool = `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${variant}`
    const lines = renderRestore(typical, family).split('\n')
    for (const line of lines.filter((one) => one.startsWith(':'))) {
      await must([tool, '-t', 'nat', '-N', line.slice(1).split(' ')[0] ?? ''])
    }
    for (const line of lines.filter((one) => one.startsWith('-A '))) {
      await must([tool, '-t', 'nat', ...line.replaceAll('"', '').split(' ')])
    }
  }
}

/** Applying long lists, and what the first packet of a connection pays for them. */
async function lists(): Promise<Measurement[]> {
  const { 'nf_tables by netlink': netlink, 'iptables-legacy-restore': legacy } = backends
  const { 'iptables-nft-restore': iptablesNft, 'nft -f': nft } = backends
  const cases: [string, RedirectBackend | undefined, RuleSet, number][] = [
    ['no lists, nf_tables', netlink, plan(parseRedirectSpec({ families: ['ipv4'] })), 100],
    ['1,000 ports and 1,000 blocks: sets, by netlink', netlink, large, 20],
    ['sets, by nft -f', nft, large, 5],
    // More than a datagram of default size takes, so by a program.
    ['a rule for each, by nft -f', nft, byRules(large), 5],
    ['a rule for each block, 15 ports a rule: iptables-nft', iptablesNft, large, 5],
    ['a rule for each block, 15 ports a rule: iptables-legacy', legacy, large, 5],
  ]
  const measured: Measurement[] = []
  for (const [name, backend, rules, runs] of cases) {
    if (backend === undefined) throw new Error('no such back end')
    const apply = await time(
      runs,
      () => backend.apply(rules),
      () => backend.remove(),
    )
    const verify = await time(runs, () => backend.verify(rules))
    const connection = await connections(2000)
    await backend.remove()
    measured.push({ name, columns: { apply, verify, 'a connection': connection } })
  }
  return measured
}

/** The rules with a rule for each element of each set. */
function byRules(rules: RuleSet): RuleSet {
  const inlined = forFamily(rules, 'ipv4')
  const expand = (rule: Rule): Rule[] => {
    const at = rule.match.findIndex((one) => 'values' in one && !('set' in one.values))
    const list = rule.match[at]
    if (list === undefined || !('values' in list) || 'set' in list.values) return [rule]
    return list.values.map((value) => {
      const one = { ...list, values: [value] } as Rule['match'][number]
      return { ...rule, match: rule.match.with(at, one) }
    })
  }
  const chains = inlined.chains.map((chain) => ({ ...chain, rules: chain.rules.flatMap(expand) }))
  return { ...inlined, chains }
}

/** Connections that meet every list and are captured in the end. */
async function connections(runs: number): Promise<Timing> {
  const server = createServer((socket) => socket.on('error', () => undefined).end())
  server.listen(15_001)
  await once(server, 'listening')
  const timing = await time(runs, async () => {
    const socket = connect({ host: '192.0.2.1', port: 443 })
    await once(socket, 'connect')
    socket.destroy()
  })
  server.close()
  return timing
}

const result = await (process.argv[2] === 'lists' ? lists() : ways())
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit(0)
