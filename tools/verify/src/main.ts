import { fileURLToPath } from 'node:url'

import { add, closingLine, NONE } from './count.ts'
import { runStep } from './run-step.ts'
import { STEPS } from './steps.ts'

const USAGE = `npm test [-- STEP...]

Runs every check and test, or only the named steps, and ends with one line \`N passed, N failed\`.
A step that fails does not keep the others from running.

Steps:
${STEPS.map(({ target, about }) => `  ${target.padEnd(18)}${about}`).join('\n')}

Examples:
  $ npm test
  $ npm test -- test test:integration
`

const root = fileURLToPath(new URL('../../..', import.meta.url))
const named = process.argv.slice(2)
const unknown = named.find((name) => !STEPS.some(({ target }) => target === name))

if (named.includes('--help')) console.log(USAGE)
else if (unknown === undefined) process.exitCode = await runAll()
else {
  console.error(`error: there is no step "${unknown}"\n\n${USAGE}`)
  process.exitCode = 2
}

async function runAll(): Promise<number> {
  let total = NONE
  for (const step of STEPS) {
    if (named.length > 0 && !named.includes(step.target)) continue
    const { count, durationMs, output } = await runStep(root, step)
    total = add(total, count)
    if (count.failed > 0) console.log(`\n${output.trimEnd()}\n`)
    const seconds = `${(durationMs / 1000).toFixed(0)} s`.padStart(6)
    const verdict = count.failed === 0 ? 'ok  ' : 'FAIL'
    console.log(`${verdict} ${step.target.padEnd(18)}${seconds}  ${closingLine(count)}`)
  }
  console.log(closingLine(total))
  return total.failed === 0 ? 0 : 1
}
