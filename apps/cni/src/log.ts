import { appendFileSync, renameSync, statSync, writeSync } from 'node:fs'

/** One line of the log. */
export interface LogEntry {
  /** How much it matters. */
  readonly level: 'info' | 'warn' | 'error'
  /** A constant lower-case phrase. */
  readonly message: string
  /** Everything variable, by fixed names. Never stdin, annotations or secrets. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** Longest text of one field, in characters: an error must not flood a node's log. */
const MAX_TEXT = 1_000

/** Where log lines also go, when the configuration says so. */
export interface LogFile {
  /** The file. */
  readonly path: string
  /** The size at which it is moved to `<path>.1`, in bytes. */
  readonly maxBytes: number
}

/** The line of an entry, with its end. */
export function logLine(entry: LogEntry, time: string): string {
  const { level, message, fields } = entry
  const line = { time, level, message, plugin: 'proxy-cni', ...fields }
  return `${JSON.stringify(line, (_key, value: unknown) => bounded(value))}\n`
}

function bounded(value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= MAX_TEXT) return value
  return `${value.slice(0, MAX_TEXT)}... (cut)`
}

/** Writes a line to stderr and to the file. A log that cannot be written must not cost a pod. */
export function writeLog(line: string, file: LogFile | undefined): void {
  quietly(() => writeSync(2, line))
  if (file === undefined) return
  quietly(() => {
    if (sizeOf(file.path) + line.length > file.maxBytes) renameSync(file.path, `${file.path}.1`)
  })
  quietly(() => appendFileSync(file.path, line, { mode: 0o600 }))
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function quietly(write: () => unknown): void {
  try {
    write()
  } catch {
    // Nowhere is left to say it.
  }
}

/** The log file that a configuration names, read leniently: logging comes before checking. */
export function logFileOf(conf: unknown): LogFile | undefined {
  if (typeof conf !== 'object' || conf === null) return undefined
  const path = 'logFile' in conf ? conf.logFile : undefined
  if (typeof path !== 'string' || !path.startsWith('/')) return undefined
  const maxBytes = 'logFileMaxBytes' in conf ? conf.logFileMaxBytes : undefined
  return { path, maxBytes: typeof maxBytes === 'number' ? maxBytes : 1_048_576 }
}
