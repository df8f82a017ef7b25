import { NetnsError } from './error.ts'
import { type HelperSupervisor } from './helper-supervisor.ts'
import { type NetnsSource } from './identity.ts'
import { namespaceRef } from './namespace-ref.ts'
import { type CommandRunnerOptions, type NetnsCommandRunner } from './netns-helper.ts'

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Runs commands in the namespace the source stands for now. */
export function runnerIn(
  helper: HelperSupervisor,
  source: NetnsSource,
  { timeoutMs = DEFAULT_TIMEOUT_MS, env = {} }: CommandRunnerOptions = {},
): NetnsCommandRunner {
  const ns = namespaceRef(source)
  const environment = { PATH: process.env['PATH'] ?? DEFAULT_PATH, LC_ALL: 'C', ...env }
  return {
    async run(argv, stdin = '', { signal } = {}) {
      if (argv[0] === '' || argv.some((argument) => argument.includes('\0'))) {
        throw new NetnsError('invalid-argument', `run ${JSON.stringify(argv[0])}: not a command`)
      }
      const { value, parts } = await helper.call(
        { op: 'run', ns, argv, env: environment, timeoutMs },
        { parts: [Buffer.from(stdin)], signal, extraMs: timeoutMs },
      )
      const [stdout = '', stderr = ''] = parts.map((part) => Buffer.from(part).toString('utf8'))
      return { exitCode: Number(value), stdout, stderr }
    },
  }
}
