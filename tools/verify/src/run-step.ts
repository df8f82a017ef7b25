import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

import { type Count, countResults, countStep } from './count.ts'
import { projectsWith } from './projects.ts'
import { type Step } from './steps.ts'

/** How a step went. */
export interface StepOutcome {
  readonly count: Count
  readonly durationMs: number
  /** Everything it printed. */
  readonly output: string
}

/** Runs a target in every project that has it; tests are counted from what they wrote. */
export async function runStep(root: string, step: Step): Promise<StepOutcome> {
  const start = performance.now()
  const { results } = step
  const files =
    results === undefined
      ? undefined
      : projectsWith(root, step.target).map((dir) => join(dir, 'out-test', `${results}.json`))
  // What an earlier run left must not be counted; nx puts it back where it takes it from its cache.
  for (const file of files ?? []) rmSync(file, { force: true })
  const { ok, output } = await nx(root, step.target)
  const missing = files?.filter((file) => !existsSync(file)) ?? []
  const counts = files?.map((file) => {
    return existsSync(file) ? countResults(readFileSync(file, 'utf8')) : { passed: 0, failed: 1 }
  })
  const notes = missing.map((file) => `${relative(root, file)} is missing: its tests did not run\n`)
  return {
    count: countStep(ok, counts),
    durationMs: performance.now() - start,
    output: output + notes.join(''),
  }
}

function nx(
  root: string,
  target: string,
): Promise<{ readonly ok: boolean; readonly output: string }> {
  const flags = ['--output-style=static', '--parallel=2']
  return new Promise((resolve, reject) => {
    const child = spawn('pnpm', ['exec', 'nx', 'run-many', '-t', target, ...flags], {
      cwd: root,
      // A missing golden file or snapshot is a failure then, and nobody is asked anything.
      env: { ...process.env, CI: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    }
    child.once('error', reject)
    child.once('close', (code) => resolve({ ok: code === 0, output }))
  })
}
