import { Command, Option } from 'commander'

import { captureWire, createLab, type Lab, labExists, removeLab } from '@proxy/lab'

import { buildApps } from './build.ts'
import { hintsFor } from './keep.ts'
import { proveAnswer } from './proof/answers.ts'
import { proveExcluded } from './proof/excluded.ts'
import { proveHops } from './proof/hops.ts'
import { proveNothingLeft } from './proof/nothing-left.ts'
import { type Proof } from './proof/proof.ts'
import { proveWire } from './proof/wire.ts'
import { renderProof, renderSummary, reportOf } from './report.ts'
import { deploy, EXCLUDED_NAMESPACE } from './scene.ts'

const NAME = 'proxy-demo'

interface Options {
  readonly keep?: true
  readonly down?: true
  readonly json?: true
}

const options = new Command('npm run demo --')
  .description(
    'Builds a small node in network namespaces, runs the bookinfo scene on it with an Envoy per ' +
      'pod, proves that it works, and removes everything.',
  )
  .option('--keep', 'leave the node running and print what to try')
  .addOption(
    new Option('--down', 'remove a node that was kept, and do nothing else').conflicts('keep'),
  )
  .option('--json', 'print the summary as JSON on standard output')
  .addHelpText(
    'after',
    `
Exit code: 0 when every claim holds, 1 otherwise.

Examples:
  $ npm run demo
  $ npm run demo -- --keep
  $ npm run demo -- --down
  $ npm run --silent demo -- --json`,
  )
  .parse()
  .opts<Options>()

/** Progress goes to standard error, so that the summary is all there is on standard output. */
const progress = (text: string): void => console.error(`> ${text}`)
const show = options.json === true ? () => undefined : (text: string) => console.log(text)

// Whoever reads (`| head`) may have had enough; the node is removed all the same.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = options.down === true ? await takeDown() : await runDemo()

async function takeDown(): Promise<number> {
  const there = await labExists(NAME)
  await removeLab(NAME)
  progress(there ? 'the node is removed' : 'there is no node')
  return 0
}

async function runDemo(): Promise<number> {
  const start = performance.now()
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interrupt.abort(new Error(`interrupted by ${name}`)))
  }
  progress('building the apps')
  await buildApps()
  progress('building a node: bridge, host-local and portmap, and proxy-cni chained last')
  const lab = await createLab({
    name: NAME,
    plugin: { selection: 'all', excludeNamespaces: [EXCLUDED_NAMESPACE] },
  })
  const proving = proveAll(lab, interrupt.signal)
  let kept = false
  try {
    const { proofs, hints } = await Promise.race([proving, rejection(interrupt.signal)])
    const report = reportOf(proofs, performance.now() - start)
    kept = options.keep === true && report.ok
    if (options.json === true) console.log(JSON.stringify(report, undefined, 2))
    show(`\n${renderSummary(report, kept)}`)
    if (kept) show(`\n${hints}`)
    return report.ok ? 0 : 1
  } catch (error) {
    console.error(`error: ${(error as Error).message}`)
    const log = (await lab.agentLog()).trim().split('\n').slice(-5).join('\n')
    if (log !== '') console.error(`The end of the agent's log:\n${log}`)
    return 1
  } finally {
    if (!kept) {
      await removeLab(NAME) // cuts short what is still going on after an interruption
      await proving.catch(() => undefined) // reported above, or of no interest any more
      await removeLab(NAME)
    }
  }
}

/** Rejects with the signal's reason. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

async function proveAll(
  lab: Lab,
  signal: AbortSignal,
): Promise<{ readonly proofs: readonly Proof[]; readonly hints: string }> {
  await lab.startAgent()
  progress('the agent serves; adding pods through cnitool')
  const scene = await deploy(lab, progress, signal)
  const capture = await captureWire(lab, { port: 9080 })
  const proofs: Proof[] = []
  const add = async (proof: Promise<Proof>): Promise<void> => {
    const found = await proof
    signal.throwIfAborted()
    proofs.push(found)
    show(renderProof(found))
  }
  show('')
  await add(proveAnswer(lab, scene))
  const connections = await capture.stop()
  await add(proveWire(scene, connections))
  await add(proveExcluded(lab, scene))
  progress("waiting for the Envoys' access logs, which are written every few seconds")
  await add(proveHops(lab))
  if (options.keep !== true) await add(proveNothingLeft(lab, scene))
  return { proofs, hints: hintsFor(lab, scene) }
}
