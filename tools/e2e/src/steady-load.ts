import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { type Pod } from '@proxy/lab'
import { eventually, spawnIn } from '@proxy/testkit'

/** What became of the requests of a {@link SteadyLoad}. */
interface LoadResult {
  readonly answered: number
  /** What the others failed with. */
  readonly failures: readonly string[]
}

/** Requests that go on and on. */
export interface SteadyLoad extends AsyncDisposable {
  /** Ends them when the one under way is answered. */
  stop(): Promise<LoadResult>
}

const PROGRAM = fileURLToPath(new URL('../programs/load.mjs', import.meta.url))

/** Starts to request a path of one pod from another, one connection after the other. */
export async function startLoad(from: Pod, ip: string, path: string): Promise<SteadyLoad> {
  const enter = ['nsenter', `--net=${from.netns}`, '--'] as const
  const load = await spawnIn([...enter, process.execPath, PROGRAM, ip, path])
  await eventually(() => {
    if (!load.output().stdout.includes('started')) throw new Error(load.output().stderr)
  })
  return {
    async stop() {
      const ended = once(load.process, 'close')
      load.process.kill('SIGTERM')
      await ended
      const { stdout, stderr } = load.output()
      const last = stdout.trim().split('\n').at(-1) ?? ''
      if (!last.startsWith('{')) throw new Error(`the load ended early: ${stderr}`)
      return JSON.parse(last) as LoadResult
    },
    [Symbol.asyncDispose]: () => load[Symbol.asyncDispose](),
  }
}
