import { type CommandOutput } from '../../src/index.ts'
import { type CommandIo } from '../../src/command/io.ts'
import { run } from '../../src/command/program.ts'
import { type IstioCase } from './istio-cases.ts'

/** What a run of the command left. */
export interface CommandRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Programs that it ran, each as one line. */
  readonly ran: readonly string[]
}

/** What the command finds. */
export interface CommandWorld {
  readonly env?: Readonly<Record<string, string>>
  /** Standard input; a terminal when absent. */
  readonly stdin?: string
  readonly files?: Readonly<Record<string, string>>
  readonly addresses?: readonly string[]
  readonly answer?: (argv: readonly string[], stdin: string) => Partial<CommandOutput>
}

/** Runs the command in this process, in a world of its own. */
export async function runCommand(
  args: readonly string[],
  world: CommandWorld = {},
): Promise<CommandRun> {
  const out = { stdout: '', stderr: '' }
  const ran: string[] = []
  const io: CommandIo = {
    env: world.env ?? {},
    stdout: (text) => (out.stdout += text),
    stderr: (text) => (out.stderr += text),
    stdin: {
      isTerminal: world.stdin === undefined,
      read: () => Promise.resolve(world.stdin ?? ''),
    },
    readFile: (path) => {
      const text = world.files?.[path]
      return text === undefined
        ? Promise.reject(new Error(`ENOENT: no such file, open '${path}'`))
        : Promise.resolve(text)
    },
    node: '/usr/bin/node',
    addresses: () => world.addresses ?? [],
    runner: {
      run: (argv, stdin = '') => {
        ran.push(argv.join(' '))
        return Promise.resolve({
          ...{ exitCode: 0, stdout: argv[1] === '-j' ? '[]' : '', stderr: '' },
          ...world.answer?.(argv, stdin),
        })
      },
    },
  }
  const code = await run(args, io)
  return { code, ...out, ran }
}

/** The flags of a case as they are written on a command line. */
export function argumentsOf({ flags = {} }: IstioCase): readonly string[] {
  return Object.entries(flags).map(([name, text]) => `--${name}=${text}`)
}
