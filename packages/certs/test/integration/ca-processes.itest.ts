import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTempDir, eventually, spawnIn, type Spawned } from '@proxy/testkit'
import { describe, expect, test } from 'vitest'
import { builtInCa } from '../../src/index.ts'
import { fixture } from '../fixtures/source-node.ts'

// A process that runs from source takes seconds to start where many do.
const patience = { timeoutMs: 60_000 }

async function start(stateDirectory: string): Promise<Spawned> {
  const spawned = await spawnIn(fixture('open-ca.ts', stateDirectory))
  await eventually(() => expect(spawned.output().stdout).toBe('ready\n'), patience)
  return spawned
}

describe('processes that open the built-in CA', { timeout: 180_000 }, () => {
  test('at the same moment end up with one root', async () => {
    await using temp = await createTempDir('ca')
    const stateDirectory = join(temp.path, 'ca')
    const all = await Promise.all(Array.from({ length: 6 }, () => start(stateDirectory)))
    try {
      for (const { process } of all) process.stdin?.end()
      const bundles = await eventually(
        () => all.map((one) => JSON.parse(one.output().stdout.slice('ready\n'.length)) as string),
        patience,
      )
      expect(new Set(bundles).size).toBe(1)
      expect(await readFile(join(stateDirectory, 'root-cert.pem'), 'utf8')).toBe(bundles[0])
      expect((await readdir(stateDirectory)).toSorted()).toEqual(['root-cert.pem', 'root.pem'])
    } finally {
      for (const spawned of all) await spawned[Symbol.asyncDispose]()
    }
  })

  test('and are killed anywhere leave a state that the next one opens', async () => {
    await using temp = await createTempDir('ca')
    for (let turn = 0; turn < 12; turn++) {
      const stateDirectory = join(temp.path, `ca${turn}`)
      const spawned = await start(stateDirectory)
      spawned.process.stdin?.end()
      const deadline = performance.now() + turn * 4
      while (performance.now() < deadline) await new Promise(setImmediate)
      await spawned[Symbol.asyncDispose]()
      const open = (): ReturnType<typeof builtInCa> =>
        builtInCa({ stateDirectory, trustDomain: 'cluster.local', now: () => new Date() })
      const bundle = await (await open()).trustBundle()
      expect(await (await open()).trustBundle()).toBe(bundle)
      expect(await readdir(stateDirectory)).toHaveLength(2)
    }
  })
})
