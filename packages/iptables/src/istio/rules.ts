import { type Family } from '../model/family.ts'
import { type IstioConfig } from './config.ts'
import { earlyRules, inboundRules } from './inbound.ts'
import { outboundRules } from './outbound.ts'
import { type IstioRule } from './rule.ts'
import { scopeOf } from './scope.ts'
import { tproxyRules } from './tproxy.ts'

/**
 * The rules that `istio-iptables` makes of this configuration for one family, in its order. None
 * for IPv6 unless `enableIpv6`.
 */
export function istioRules(config: IstioConfig, family: Family): readonly IstioRule[] {
  if (family === 'ipv6' && !config.enableIpv6) return []
  const scope = scopeOf(config, family)
  return [
    ...earlyRules(scope),
    ...inboundRules(scope),
    ...outboundRules(scope),
    ...tproxyRules(scope),
  ]
}
