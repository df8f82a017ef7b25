import { append, insert, type IstioRule, outboundMark } from './rule.ts'
import { type Scope } from './scope.ts'

/** Step 17: marks that bring answers back to the proxy, and keep its own packets out of it. */
export function tproxyRules({ config, loopback, source }: Scope): readonly IstioRule[] {
  if (config.mode !== 'TPROXY') return []
  const { tproxyMark: mark } = config
  const own = (kind: 'uid' | 'gid', id: string): IstioRule =>
    append(
      'mangle',
      'OUTPUT',
      `! -d ${loopback} -p tcp -o lo -m owner --${kind}-owner ${id} -j MARK --set-mark ${outboundMark}`,
    )
  const first = (place: number, text: string): IstioRule =>
    insert('mangle', 'ISTIO_INBOUND', place, `-p tcp ${text} -j RETURN`)
  return [
    append('mangle', 'PREROUTING', `-p tcp -m mark --mark ${mark} -j CONNMARK --save-mark`),
    append('mangle', 'OUTPUT', `-p tcp -o lo -m mark --mark ${mark} -j RETURN`),
    ...config.proxyUids.map((uid) => own('uid', uid)),
    ...config.proxyGids.map((gid) => own('gid', gid)),
    append('mangle', 'OUTPUT', `-p tcp -m connmark --mark ${mark} -j CONNMARK --restore-mark`),
    first(1, `-m mark --mark ${mark}`),
    first(2, `-s ${source} -i lo`),
    first(3, `-i lo -m mark ! --mark ${outboundMark}`),
  ]
}
