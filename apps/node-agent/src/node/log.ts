import { pino } from 'pino'

import { type LogLevel } from '../config/values.ts'
import { type Log } from '../pod/parts.ts'

/** JSON lines on standard output: a constant phrase in `msg`, everything variable in fields. */
export function createLog(level: LogLevel): Log {
  const logger = pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  })
  const at =
    (name: LogLevel): Log[LogLevel] =>
    (message, fields = {}) =>
      logger[name](fields, message)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
