/** How long something took, in milliseconds. */
export interface Timing {
  readonly p50: number
  readonly p95: number
  readonly runs: number
}

/** One line of a table: what was measured, by column. */
export interface Measurement {
  readonly name: string
  readonly columns: Readonly<Record<string, Timing>>
}

/** Measures what `action` takes; `prepare` is not measured. */
export async function time(
  runs: number,
  action: (turn: number) => Promise<unknown>,
  prepare: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Timing> {
  const times: number[] = []
  for (let turn = 0; turn < runs; turn++) {
    await prepare()
    const start = performance.now()
    await action(turn)
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? 0
  return { p50: at(0.5), p95: at(0.95), runs: times.length }
}

/** A table of Markdown: p50 and, in brackets, p95. */
export function table(measurements: readonly Measurement[]): string {
  const columns = [...new Set(measurements.flatMap((one) => Object.keys(one.columns)))]
  const cell = (timing: Timing | undefined): string =>
    timing === undefined ? '' : `${timing.p50.toFixed(3)} (${timing.p95.toFixed(2)})`
  const lines = measurements.map(({ name, columns: timings }) =>
    [name, ...columns.map((column) => cell(timings[column]))].join(' | '),
  )
  const head = ['ms, p50 (p95)', ...columns].join(' | ')
  const rule = ['', ...columns].map(() => '---').join(' | ')
  return [head, rule, ...lines].map((line) => `| ${line} |`).join('\n')
}
