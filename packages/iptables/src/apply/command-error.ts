import { IptablesError, type IptablesErrorCode } from '../error.ts'
import { type CommandOutput } from './backend.ts'

/** Exit status of what could not be started because it is not there. */
const notFound = 127

const causes: readonly (readonly [RegExp, IptablesErrorCode])[] = [
  [/permission denied|you must be root|operation not permitted/i, 'permission-denied'],
  [/xtables lock/i, 'lock-timeout'],
  [
    /does a matching rule exist|no chain\/target\/match by that name|no such file or directory|resource busy|too many links|resource temporarily unavailable/i,
    'changed-meanwhile',
  ],
  [
    /can't initialize|couldn't load|extension .* not supported|unknown option|not found/i,
    'unsupported',
  ],
]

/** Says what a failed tool said, in our words: which rule, why, and what can be done. */
export function commandError(
  argv: readonly string[],
  output: CommandOutput,
  input: string,
): IptablesError {
  const tool = argv.find((word) => word.includes('tables-')) ?? argv.join(' ')
  const said = output.stderr.trim() || output.stdout.trim() || 'it said nothing'
  const object = failedLine(said, input)
  const code: IptablesErrorCode =
    output.exitCode === notFound
      ? 'unsupported'
      : (causes.find(([pattern]) => pattern.test(said))?.[1] ?? 'command-failed')
  const where = object === undefined ? '' : ` at "${object}"`
  return new IptablesError(code, `${tool} exited ${output.exitCode}${where}: ${said}`, {
    cause: output,
    ...(object === undefined ? {} : { object }),
  })
}

/** `iptables-restore` names the number of the line that it could not take. */
function failedLine(said: string, input: string): string | undefined {
  const number = /line:? (\d+)/i.exec(said)?.[1]
  const line = number === undefined ? undefined : input.split('\n')[Number(number) - 1]
  return line === undefined || line === '' || line === 'COMMIT' ? undefined : line
}
