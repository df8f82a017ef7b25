import Table from 'cli-table3'

import { type Series } from './series.ts'
import { type Summary, summarise } from './statistics.ts'

/** One line of the result. */
export interface ReportRow extends Summary {
  readonly name: string
  /** Name of the line that this one is compared with. */
  readonly baseline?: string
  /** p50 divided by the baseline's p50. */
  readonly ratio?: number
}

/** Everything that was measured, as written to the JSON file. Durations in milliseconds. */
export interface Report {
  readonly version: 1
  /** RFC 3339. */
  readonly measuredAt: string
  readonly rounds: number
  readonly machine: {
    readonly cpus: number
    readonly kernel: string
    readonly arch: string
    readonly node: string
    /** One-minute load before the first round: numbers of a busy machine are only good as ratios. */
    readonly load: number
  }
  readonly rows: readonly ReportRow[]
}

/** Summarises each series; `baselines` says what a line is compared with. */
export function rowsOf(
  series: Series,
  baselines: Readonly<Record<string, string>>,
): readonly ReportRow[] {
  return [...series].map(([name, values]) => {
    const summary = summarise(values)
    const baseline = baselines[name]
    if (baseline === undefined) return { name, ...summary }
    const compared = series.get(baseline)
    if (compared === undefined) throw new RangeError(`${name}: there is no line "${baseline}"`)
    return { name, ...summary, baseline, ratio: summary.p50 / summarise(compared).p50 }
  })
}

/** The report as a table for people. */
export function renderReport({ rows, rounds, machine }: Report): string {
  const table = new Table({
    head: ['milliseconds', 'p50', 'p99', 'min', 'max', 'n', 'p50 against'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  })
  for (const { name, p50, p99, min, max, n, ratio, baseline } of rows) {
    const against = ratio === undefined ? '' : `${ratio.toFixed(2)} x ${baseline ?? ''}`
    table.push([name, ...[p50, p99, min, max].map(shown), n, against])
  }
  const { cpus, kernel, arch, node, load } = machine
  const where = `${cpus} CPUs, Linux ${kernel} ${arch}, Node ${node}, load ${load.toFixed(1)}`
  return `${table.toString()}\n${rounds} rounds, interleaved; ${where}`
}

function shown(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 10 ? 2 : 1)
}
