import Table from 'cli-table3'

/** How a command prints its answer. */
export const outputFormats = ['table', 'wide', 'json'] as const

/** See {@link outputFormats}. */
export type OutputFormat = (typeof outputFormats)[number]

/** Indented JSON with its line end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
)

/** A table as kubectl prints it: columns under their heads, three spaces apart, no lines. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 3, head: [], border: [], compact: true },
  })
  table.push([...head], ...rows.map((row) => row.map(visible)))
  const lines = table.toString().split('\n')
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

/** Text that cannot steer a terminal: what others wrote may hold anything. */
export function visible(text: string): string {
  return text.replaceAll(/\p{Cc}|\p{Cf}/gu, '?')
}

/** How long ago something was, as kubectl says it: `12s`, `5m`, `3h`, `2d`. */
export function ageText(since: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(since)) / 1_000)
  if (!Number.isFinite(seconds)) return '?'
  if (seconds < 120) return `${Math.max(0, seconds)}s`
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}
