import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { printedError } from '../src/cni-error.ts'
import { oursOn, rulesIn } from '../src/node-state.ts'
import { addAlone, callPlugin } from '../src/plugin.ts'
import { envoysOf } from '../src/processes.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'full', withAgent: false })

test('with no space for the journal ADD fails and leaves nothing, and DEL is done', async () => {
  const { lab } = node
  const { stateDir } = lab.paths
  await mkdir(stateDir)
  const mounted = await lab.run(['mount', '-t', 'tmpfs', '-o', 'size=128k', 'small', stateDir])
  expect(mounted).toMatchObject({ exitCode: 0 })
  await node.startAgent()
  const [before, during] = [
    await lab.createPod({ name: 'before' }),
    await lab.createPod({ name: 'during' }),
  ]
  expect(await addAlone(lab, before)).toMatchObject({ exitCode: 0 })

  const filler = join(stateDir, 'filler')
  await expect(writeFile(filler, Buffer.alloc(1_000_000))).rejects.toThrow('ENOSPC')
  const { code, msg } = printedError(await addAlone(lab, during))
  expect(code).toBe(11)
  expect(msg).toContain('journal the intent: ENOSPC')
  expect(await rulesIn(during)).toBe('')
  expect(await envoysOf(lab, during)).toEqual([])

  expect(await callPlugin(lab, { command: 'DEL', pod: before })).toMatchObject({ exitCode: 0 })
  expect(await oursOn(lab, [before, during])).toEqual({})

  await rm(filler)
  expect(await addAlone(lab, during)).toMatchObject({ exitCode: 0 })
  expect(await callPlugin(lab, { command: 'DEL', pod: during })).toMatchObject({ exitCode: 0 })
  expect(await oursOn(lab, [before, during])).toEqual({})
})
