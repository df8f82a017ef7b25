import { type Lab, type Pod } from '@proxy/lab'

import { networkOn, oursOn } from './node-state.ts'

/** Deletes pods, for the end of a test; throws when one cannot be or anything is left on the node. */
export async function releaseAll(lab: Lab, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods) {
    const { exitCode, stderr } = await pod.del()
    if (exitCode !== 0) throw new Error(`DEL of ${pod.identity.name}: ${stderr}`)
  }
  const left = { ...(await oursOn(lab, pods)), ...(await networkOn(lab)) }
  if (Object.keys(left).length > 0) throw new Error(`left after DEL: ${JSON.stringify(left)}`)
}
