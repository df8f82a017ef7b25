import { type Lab } from '@proxy/lab'

import { type Scene } from '../scene.ts'
import { type Proof, prove } from './proof.ts'
import { oursIn } from './ours.ts'

/** A pod of an excluded namespace has no proxy, no rule, and works. */
export function proveExcluded(lab: Lab, { excluded }: Scene): Promise<Proof> {
  return prove('excluded', 'a pod of an excluded namespace has no proxy and works', async () => {
    const found = await oursIn(excluded)
    const { exitCode, stderr } = await lab.request(excluded.ip, '/details/0')
    return {
      holds: exitCode === 0 && found.length === 0,
      evidence: [
        exitCode === 0 ? `GET http://${excluded.ip}:9080/details/0 -> 200` : stderr.trim(),
        ...(found.length === 0 ? ['no rule and no Envoy in its namespace'] : found),
      ],
    }
  })
}
