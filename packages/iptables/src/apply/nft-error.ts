import { IptablesError, type IptablesErrorCode } from '../error.ts'
import { type CommandOutput } from './backend.ts'

/** Exit status of what could not be started because it is not there. */
const notFound = 127

const causes: readonly (readonly [RegExp, IptablesErrorCode])[] = [
  [/permission denied|you must be root|operation not permitted/i, 'permission-denied'],
  [/json support not compiled-in|operation not supported|protocol error/i, 'unsupported'],
  [
    /resource temporarily unavailable|interrupted system call|device or resource busy/i,
    'changed-meanwhile',
  ],
  [/could not process rule|no such file or directory|file exists/i, 'kernel-refused'],
]

/** Says what a failed `nft` said, in our words: which rule of the script, why, what can be done. */
export function nftError(
  argv: readonly string[],
  output: CommandOutput,
  script: string,
): IptablesError {
  const said = output.stderr.trim() || output.stdout.trim() || 'it said nothing'
  const code: IptablesErrorCode =
    output.exitCode === notFound
      ? 'unsupported'
      : (causes.find(([pattern]) => pattern.test(said))?.[1] ?? 'command-failed')
  const object = failedObject(said, script)
  const where = object === undefined ? '' : ` at ${object}`
  // nft repeats the line and underlines it, which is a screenful for a long set.
  const reason = said.split('\n')[0]?.slice(0, 300) ?? ''
  return new IptablesError(code, `${argv.join(' ')} exited ${output.exitCode}${where}: ${reason}`, {
    cause: output,
    ...(object === undefined ? {} : { object }),
  })
}

/** Whether the failure is that our table is not there. */
export function isNoTable({ exitCode, stderr }: CommandOutput): boolean {
  return exitCode !== 0 && /no such file or directory/i.test(stderr)
}

/** Whether the failure can be that the table is not as it was read: not there, or not like that. */
export function isChanged({ exitCode, stderr }: CommandOutput, exists: boolean): boolean {
  const reasons = exists ? /file exists|no such file|resource busy/i : /file exists/i
  return exitCode !== 0 && reasons.test(stderr)
}

/** The rule, chain or set that the line belongs to of which nft names the number. */
function failedObject(said: string, script: string): string | undefined {
  const number = /:(\d+):\d+/.exec(said)?.[1]
  if (number === undefined) return undefined
  const lines = script.split('\n').slice(0, Number(number))
  const block = lines.findLast((line) => /^\t(?:chain|set) /.test(line))
  const name = block?.trim().replace(/ \{$/, '')
  const comment = /comment "([^"]+)"/.exec(lines.at(-1) ?? '')?.[1]
  return comment === undefined ? name : `rule ${name?.replace(/^chain /, '') ?? ''} ${comment}`
}
