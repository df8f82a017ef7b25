import { expect, test } from 'vitest'

import { renderReport, rowsOf } from '../src/report.ts'

const series = new Map([
  ['bare', [10, 20, 30]],
  ['ours', [40, 50, 60]],
])

test('a line is compared with its baseline by p50', () => {
  expect(rowsOf(series, { ours: 'bare' })).toEqual([
    { name: 'bare', n: 3, p50: 20, p99: 30, min: 10, max: 30 },
    { name: 'ours', n: 3, p50: 50, p99: 60, min: 40, max: 60, baseline: 'bare', ratio: 2.5 },
  ])
  expect(() => rowsOf(series, { ours: 'gone' })).toThrow('there is no line "gone"')
})

test('the table has a line per series and says where it was measured', () => {
  const text = renderReport({
    ...{ version: 1, measuredAt: '', rounds: 3, rows: rowsOf(series, { ours: 'bare' }) },
    machine: { cpus: 2, kernel: '6.1', arch: 'x64', node: '24.0.0', load: 0.25 },
  })
  expect(text).toMatch(/ours.*50\.0.*60\.0.*2\.50 x bare/)
  expect(text).toContain('3 rounds, interleaved; 2 CPUs, Linux 6.1 x64, Node 24.0.0, load 0.3')
})
