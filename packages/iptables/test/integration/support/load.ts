import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { type TestNetns } from '@proxy/testkit'

/** What a load does: connections to one port of each host, as one user. */
export interface LoadRequest {
  readonly hosts: readonly string[]
  readonly port: number
  readonly uid: number
  readonly gid: number
  /** How many connections at a time. */
  readonly parallel: number
}

/** What became of the connections of a load. */
export interface LoadResult {
  /** How many connections by label of the listener that took them, or by error code. */
  readonly labels: Readonly<Record<string, number>>
}

/** A load that goes on until it is stopped. */
export interface Load extends AsyncDisposable {
  /** Labels that were seen at least once. */
  readonly seen: ReadonlySet<string>
  /** Ends the load and says what became of it. */
  stop(): Promise<LoadResult>
}

const child = fileURLToPath(new URL('load-child.ts', import.meta.url))

/** Starts a load in the namespace; resolves when its first connection was answered. */
export async function startLoad(netns: TestNetns, request: LoadRequest): Promise<Load> {
  const spawned = await netns.spawn([process.execPath, child, JSON.stringify(request)])
  const { stdin, stdout } = spawned.process
  if (stdin === null || stdout === null) throw new Error('the load has no pipes')
  const seen = new Set<string>()
  const result = new Promise<LoadResult>((resolve, reject) => {
    createInterface({ input: stdout }).on('line', (line) => {
      if (line.startsWith('{')) resolve(JSON.parse(line) as LoadResult)
      else seen.add(line)
    })
    spawned.process.once('close', () => reject(new Error(spawned.output().stderr || 'load ended')))
  })
  result.catch(() => undefined)
  await Promise.race([result, new Promise((resolve) => stdout.once('data', resolve))])
  return {
    seen,
    stop() {
      stdin.end()
      return result
    },
    [Symbol.asyncDispose]: () => spawned[Symbol.asyncDispose](),
  }
}
