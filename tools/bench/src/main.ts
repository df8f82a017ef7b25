import { mkdir, writeFile } from 'node:fs/promises'
import { arch, cpus, loadavg, release } from 'node:os'
import { dirname, resolve } from 'node:path'

import { createLab } from '@proxy/lab'

import { buildApps } from './build.ts'
import { parseOptions } from './options.ts'
import { chainVariants, emptyProcess, kinds, pluginVariants } from './pods.ts'
import { seededRandom } from './random.ts'
import { renderReport, type Report, rowsOf } from './report.ts'
import { measureInterleaved, type Series } from './series.ts'

const { rounds, json } = parseOptions(process.argv.slice(2))

/** Progress goes to standard error: what is on standard output is the result. */
const progress = (text: string): void => console.error(`> ${text}`)

/** What each line is compared with: the chain without us, and a process that does nothing. */
const baselines = {
  ...Object.fromEntries(
    ['ADD', 'DEL'].flatMap((verb) =>
      kinds.slice(1).map((kind) => [`${verb} chain, ${kind}`, `${verb} chain, bare`]),
    ),
  ),
  ...Object.fromEntries(
    ['ADD', 'DEL'].map((verb) => [`${verb} plugin, unselected`, emptyProcess.name]),
  ),
}

const [load = 0] = loadavg()
progress('building the plugin and the agent')
await buildApps()
const report: Report = {
  version: 1,
  measuredAt: new Date().toISOString(),
  rounds,
  machine: {
    cpus: cpus().length,
    kernel: release(),
    arch: arch(),
    node: process.versions.node,
    load,
  },
  rows: rowsOf(await measure(), baselines),
}
console.log(renderReport(report))
const file = resolve(json)
await mkdir(dirname(file), { recursive: true })
await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`)
progress(`written to ${file}`)

async function measure(): Promise<Series> {
  progress('making a node')
  await using lab = await createLab({ name: 'pxt-bench', plugin: undefined })
  await lab.startAgent()
  // Public packages are what the build made of them, so they are there only now.
  const { startNetnsHelper } = await import('@proxy/netns')
  const { ruleVariants } = await import('./rules.ts')
  await using helper = await startNetnsHelper()
  const variants = [
    ...chainVariants(lab),
    ...pluginVariants(lab),
    ...(await ruleVariants(lab, helper)),
    emptyProcess,
  ]
  return await measureInterleaved(variants, {
    rounds,
    random: seededRandom(1),
    onRound: (round) => {
      if (round % 10 === 0) progress(`round ${round + 1} of ${rounds}`)
    },
  })
}
