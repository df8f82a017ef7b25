import { type CommandOutput, type CommandRunner } from '../apply/backend.ts'

/** One command as it was asked for. */
export interface RecordedCommand {
  readonly argv: readonly string[]
  readonly stdin: string
}

/** A runner that runs nothing. */
export interface RecordingRunner extends CommandRunner {
  /** Every command so far, in order. */
  readonly commands: readonly RecordedCommand[]
}

/**
 * A runner for tests: keeps what it is asked to run and answers with what `answer` returns, by
 * default success without a word.
 */
export function recordingRunner(
  answer: (command: RecordedCommand) => Partial<CommandOutput> = () => ({}),
): RecordingRunner {
  const commands: RecordedCommand[] = []
  return {
    commands,
    run(argv, stdin = '') {
      const command = { argv, stdin }
      commands.push(command)
      return Promise.resolve({ exitCode: 0, stdout: '', stderr: '', ...answer(command) })
    },
  }
}
