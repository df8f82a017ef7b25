import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { type Lab, mountsBelow } from '@proxy/lab'

import { podsOf, type Scene } from '../scene.ts'
import { oursIn } from './ours.ts'
import { type Proof, prove } from './proof.ts'

/** Folders in which DEL may leave nothing, below the lab's root. */
const EMPTY_AFTERWARDS = [
  'run/netns',
  'sidecars/sidecars',
  'sidecars/records',
  'state/journal',
  'state/delete-queue',
  'var-lib/cni/results',
]

/** CNI DEL of every pod leaves no rule, process, mount or file of ours. */
export function proveNothingLeft(lab: Lab, scene: Scene): Promise<Proof> {
  return prove('nothing-left', 'CNI DEL leaves nothing of ours behind', async () => {
    const failed: string[] = []
    for (const pod of podsOf(scene)) {
      const { exitCode, stderr } = await pod.del()
      if (exitCode !== 0) failed.push(`DEL of ${pod.identity.name}: ${stderr.trim()}`)
    }
    const inPods = (await Promise.all(podsOf(scene).map(oursIn))).flat()
    const files = (await Promise.all(EMPTY_AFTERWARDS.map((dir) => entriesOf(lab, dir)))).flat()
    // The folder of the pins itself is a mount of the agent's; each pin is one below it.
    const pins = (await mountsBelow(lab.paths.runDir)).filter((mount) => /\/netns\/./.test(mount))
    const mounts = pins.map((mount) => `mount ${mount}`)
    const left = [...failed, ...inPods, ...files, ...mounts]
    const looked = ['rules', 'processes', 'addresses', 'mounts', 'files', 'journal entries']
    return {
      holds: left.length === 0,
      evidence: left.length > 0 ? left : [`no ${looked.join(', no ')}`],
    }
  })
}

async function entriesOf(lab: Lab, directory: string): Promise<readonly string[]> {
  const names = await readdir(join(lab.paths.root, directory)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  return names.map((name) => `file ${directory}/${name}`)
}
