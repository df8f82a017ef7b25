import { type Chain, type Rule } from '../model/rule-set.ts'
import { type RedirectSpec } from '../spec/redirect-spec.ts'
import { excludedInterfacesIn } from './interfaces.ts'
import { type SetCollector } from './sets.ts'
import { tproxyEntry } from './tproxy.ts'

/** What happens to packets on arrival, before connections are captured. */
export function mangleChains(spec: RedirectSpec, sets: SetCollector): Chain[] {
  const tproxy = tproxyEntry(spec, sets)
  if (!spec.dropInvalid && tproxy.length === 0) return []
  const drop: Rule = {
    name: 'drop-invalid',
    families: spec.families,
    match: [{ kind: 'connection-state', states: ['invalid'] }],
    verdict: { kind: 'drop' },
  }
  const rules = [
    ...excludedInterfacesIn(spec, sets),
    ...(spec.dropInvalid ? [drop] : []),
    ...tproxy,
  ]
  return [{ table: 'mangle', name: 'prerouting', hook: 'prerouting', rules }]
}
