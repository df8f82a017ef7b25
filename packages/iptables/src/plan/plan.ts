import { type RuleSet } from '../model/rule-set.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { dnsChains, zoneChains } from './dns.ts'
import { inboundChains } from './inbound.ts'
import { mangleChains } from './mangle.ts'
import { outboundChains } from './outbound.ts'
import { setCollector } from './sets.ts'
import { tproxyChains, usesTproxy } from './tproxy.ts'
import { virtualChains } from './virtual.ts'

/**
 * Decides the rules for a specification. The same specification always gives the same rules.
 */
export function plan(spec: RedirectSpec): RuleSet {
  const sets = setCollector()
  const chains = [
    ...zoneChains(spec, sets),
    ...mangleChains(spec, sets),
    ...tproxyChains(spec, sets),
    ...inboundChains(spec, sets),
    ...virtualChains(spec, sets),
    ...dnsChains(spec, sets),
    ...outboundChains(spec, sets),
  ]
  const named = sets.all()
  const routing = { mark: spec.tproxyMark, table: spec.tproxyTable }
  return {
    families: spec.families,
    sets: named,
    chains,
    ...(usesTproxy(spec) ? { routing } : {}),
  }
}
