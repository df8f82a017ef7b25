import { append, insert, type IstioRule } from './rule.ts'
import { type Scope } from './scope.ts'

/** Steps 1 to 3: what is left alone or dropped before anything else. */
export function earlyRules({ config }: Scope): readonly IstioRule[] {
  const excluded = (table: 'nat' | 'mangle'): IstioRule[] =>
    config.excludeInterfaces.flatMap((name) => [
      append(table, 'PREROUTING', `-i ${name} -j RETURN`),
      append(table, 'OUTPUT', `-o ${name} -j RETURN`),
    ])
  return [
    ...excluded('nat'),
    ...(config.mode === 'TPROXY' ? excluded('mangle') : []),
    ...config.virtualInterfaces.map((name) =>
      insert('nat', 'PREROUTING', 1, `-i ${name} -j RETURN`),
    ),
    ...(config.dropInvalid
      ? [
          append('mangle', 'PREROUTING', '-m conntrack --ctstate INVALID -j ISTIO_DROP'),
          append('mangle', 'ISTIO_DROP', '-j DROP'),
        ]
      : []),
  ]
}

/** Steps 4 and 5: the redirections themselves, and which inbound connections meet them. */
export function inboundRules(scope: Scope): readonly IstioRule[] {
  const { config } = scope
  return [
    append('nat', 'ISTIO_INBOUND', `-p tcp --dport ${config.tunnelPort} -j RETURN`),
    append('nat', 'ISTIO_REDIRECT', `-p tcp -j REDIRECT --to-ports ${config.outboundPort}`),
    append('nat', 'ISTIO_IN_REDIRECT', `-p tcp -j REDIRECT --to-ports ${config.inboundPort}`),
    ...(config.includeInboundPorts === undefined ? [] : captureRules(scope)),
  ]
}

function captureRules(scope: Scope): readonly IstioRule[] {
  const { mode, includeInboundPorts: included, excludeInboundPorts } = scope.config
  const table = mode === 'TPROXY' ? 'mangle' : 'nat'
  const rule = (text: string): IstioRule => append(table, 'ISTIO_INBOUND', `-p tcp ${text}`)
  const capture = (port: string): IstioRule[] =>
    mode === 'TPROXY'
      ? [
          rule(`${port}-m conntrack --ctstate RELATED,ESTABLISHED -j ISTIO_DIVERT`),
          rule(`${port}-j ISTIO_TPROXY`),
        ]
      : [rule(`${port}-j ISTIO_IN_REDIRECT`)]
  return [
    ...(mode === 'TPROXY' ? divertRules(scope) : []),
    append(table, 'PREROUTING', '-p tcp -j ISTIO_INBOUND'),
    ...(included === '*'
      ? [...excludeInboundPorts.map((port) => rule(`--dport ${port} -j RETURN`)), ...capture('')]
      : (included ?? []).flatMap((port) => capture(`--dport ${port} `))),
  ]
}

function divertRules({ config, loopback }: Scope): readonly IstioRule[] {
  const { tproxyMark, inboundPort } = config
  const target = `TPROXY --tproxy-mark ${tproxyMark}/0xffffffff --on-port ${inboundPort}`
  return [
    append('mangle', 'ISTIO_DIVERT', `-j MARK --set-mark ${tproxyMark}`),
    append('mangle', 'ISTIO_DIVERT', '-j ACCEPT'),
    append('mangle', 'ISTIO_TPROXY', `! -d ${loopback} -p tcp -j ${target}`),
  ]
}
