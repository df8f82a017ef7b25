import { type RuleSet } from '../../src/index.ts'
import { nftChain } from '../../src/model/chain-names.ts'
import { cidrOf, formatCidr } from '../../src/model/cidr.ts'
import { formatAddress } from '../../src/model/address.ts'
import { type Match } from '../../src/model/match.ts'
import { type Rule, type SetType } from '../../src/model/rule-set.ts'
import { hookProperties } from '../../src/render/nft-batch.ts'

const inTable = { family: 'inet', table: 'proxy_sidecar' }
const types: Readonly<Record<SetType, string>> = {
  port: 'inet_service',
  'ipv4-cidr': 'ipv4_addr',
  'ipv6-cidr': 'ipv6_addr',
  interface: 'ifname',
  uid: 'uid',
  gid: 'gid',
  mark: 'mark',
}

/** What `nft -j list ruleset` prints for a rule set: our own reading of libnftables-json(5). */
export function jsonListing(rules: RuleSet): string {
  const sets = rules.sets.map(({ name, type, elements }) => {
    const isBlock = type.endsWith('-cidr')
    const elem = elements.map((value) => (isBlock ? block(String(value)) : value))
    return {
      set: {
        ...inTable,
        name,
        type: types[type],
        handle: 3,
        ...(isBlock ? { flags: ['interval'] } : {}),
        ...(elem.length === 0 ? {} : { elem }),
      },
    }
  })
  const chains = rules.chains.flatMap(({ table, name, hook, rules: list }) => {
    const chain = nftChain(table, name)
    const { type, priority: prio } = hookProperties({ table, ...(hook ? { hook } : {}) })
    const entry = hook === undefined ? {} : { type, hook, prio, policy: 'accept' }
    return [
      { chain: { ...inTable, name: chain, handle: 4, ...entry } },
      ...list.map((rule) => ({
        rule: {
          ...inTable,
          chain,
          handle: 5,
          comment: `proxy/${rule.name}`,
          expr: [
            ...conditions(rule),
            { counter: { packets: 0, bytes: 0 } },
            ...verdict(rule, table),
          ],
        },
      })),
    ]
  })
  const table = { table: { family: 'inet', name: 'proxy_sidecar', handle: 1 } }
  const metainfo = { metainfo: { version: '1.0.6', json_schema_version: 1 } }
  return JSON.stringify({ nftables: [metainfo, table, ...sets, ...chains] })
}

function block(text: string): unknown {
  const cidr = cidrOf(text)
  const isOne = cidr.prefix === (cidr.family === 'ipv4' ? 32 : 128)
  if (isOne) return formatAddress(cidr)
  return { prefix: { addr: formatAddress(cidr), len: Number(formatCidr(cidr).split('/')[1]) } }
}

function conditions(rule: Rule): unknown[] {
  const ip = rule.families[0] === 'ipv4' ? 'ip' : 'ip6'
  const hasAddress = rule.match.some(({ kind }) => kind === 'source' || kind === 'destination')
  const hasPort = rule.match.some(({ kind }) => kind.endsWith('-port'))
  const protocol = rule.match.find(({ kind }) => kind === 'protocol')
  const transport = protocol?.kind === 'protocol' ? protocol.protocol : 'th'
  const needsFamily = rule.families.length === 1 && !hasAddress
  const family = {
    match: { op: '==', left: { meta: { key: 'nfproto' } }, right: rule.families[0] },
  }
  return [
    ...(needsFamily ? [family] : []),
    ...rule.match
      .filter(({ kind }) => kind !== 'protocol' || !hasPort)
      .map((match) => condition(match, ip, transport)),
  ]
}

function condition(match: Match, ip: string, transport: string): unknown {
  const payload = (protocol: string, field: string): unknown => ({ payload: { protocol, field } })
  const meta = (key: string): unknown => ({ meta: { key } })
  const left: Readonly<Record<string, unknown>> = {
    protocol: meta('l4proto'),
    'in-interface': meta('iifname'),
    'out-interface': meta('oifname'),
    'owner-uid': meta('skuid'),
    'owner-gid': meta('skgid'),
    mark: meta('mark'),
    'connection-mark': { ct: { key: 'mark' } },
    source: payload(ip, 'saddr'),
    destination: payload(ip, 'daddr'),
    'source-port': payload(transport, 'sport'),
    'destination-port': payload(transport, 'dport'),
  }
  if (match.kind === 'protocol') {
    return { match: { op: '==', left: left[match.kind], right: match.protocol } }
  }
  if (match.kind === 'connection-state') {
    const [first, second] = match.states
    const right = second === undefined ? first : match.states
    return { match: { op: 'in', left: { ct: { key: 'state' } }, right } }
  }
  if (match.kind === 'transparent-socket') {
    return { match: { op: '==', left: { socket: { key: 'transparent' } }, right: 1 } }
  }
  if (!('values' in match)) throw new Error('unexpected condition')
  const isAddress = match.kind === 'source' || match.kind === 'destination'
  const [value] = 'set' in match.values ? [`@${match.values.set}`] : match.values
  const right = isAddress && !('set' in match.values) ? block(String(value)) : value
  return { match: { op: match.negate ? '!=' : '==', left: left[match.kind], right } }
}

function verdict({ verdict: one, families }: Rule, table: string): unknown[] {
  const mark = { meta: { key: 'mark' } }
  const connection = { ct: { key: 'mark' } }
  const set = (key: unknown, value: unknown): unknown => ({ mangle: { key, value } })
  switch (one.kind) {
    case 'return':
    case 'drop':
      return [{ [one.kind]: null }]
    case 'jump':
      return [{ jump: { target: nftChain(table as 'nat', one.chain) } }]
    case 'redirect':
      return [{ redirect: { port: one.port } }]
    case 'tproxy': {
      const family = families.length > 1 ? {} : { family: families[0] === 'ipv4' ? 'ip' : 'ip6' }
      return [{ tproxy: { ...family, port: one.port } }, set(mark, one.mark), { accept: null }]
    }
    case 'set-mark':
      return [set(mark, one.mark)]
    case 'save-mark':
      return [set(connection, mark)]
    case 'restore-mark':
      return [set(mark, connection)]
    case 'zone':
      return [set({ ct: { key: 'zone' } }, one.zone)]
    case 'unknown':
      throw new Error('unexpected verdict')
  }
}
