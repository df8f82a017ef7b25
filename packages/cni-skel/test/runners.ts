import { createTempDir, run } from '@proxy/testkit'
import { afterAll } from 'vitest'

import { dispatch } from '../src/index.ts'
import { type Behaviour, isOwnNetns, type RecordedCall, testPlugin } from './fixtures/behaviour.ts'
import { pluginCommand } from './plugin-command.ts'

/** What goes into a plugin. */
interface Input {
  readonly env: Readonly<Record<string, string>>
  readonly stdin: string
  readonly behaviour?: Behaviour
}

/** What comes out of it. */
interface Output {
  readonly exitCode: number
  readonly stdout: string
  /** Without the reports of calls. */
  readonly stderr: string
  readonly calls: readonly RecordedCall[]
}

/** Runs a plugin some way. */
export type Runner = (input: Input) => Promise<Output>

/** In this process, with streams of the test's. */
export const inProcess: Runner = async ({ env, stdin, behaviour = {} }) => {
  const text = { stdout: '', stderr: '' }
  const calls: RecordedCall[] = []
  const exitCode = await dispatch(
    testPlugin(behaviour, (call) => calls.push(call)),
    {
      env,
      stdin: () => Promise.resolve(new TextEncoder().encode(stdin)),
      stdout: { write: (chunk) => (text.stdout += chunk) },
      stderr: { write: (chunk) => (text.stderr += chunk) },
      isOwnNetns,
    },
  )
  return { exitCode, ...text, calls }
}

/** Where Node keeps compiled modules, so that hundreds of starts take half the time. */
const compileCache = await createTempDir('skel-cache')
afterAll(() => compileCache[Symbol.asyncDispose]())

/** As a runtime does: a program, its environment, its stdin. */
export const asProcess: Runner = async ({ env, stdin, behaviour = {} }) => {
  const finished = await run(pluginCommand, {
    env: {
      ...env,
      BEHAVIOUR: JSON.stringify(behaviour),
      NODE_COMPILE_CACHE: compileCache.path,
    },
    stdin,
  })
  const lines = finished.stderr.split(/(?<=\n)/)
  const isReport = (line: string): boolean => line.startsWith('call ')
  return {
    exitCode: finished.exitCode,
    stdout: finished.stdout,
    stderr: lines.filter((line) => !isReport(line)).join(''),
    calls: lines
      .filter(isReport)
      .map((line) => JSON.parse(line.slice('call '.length)) as RecordedCall),
  }
}
