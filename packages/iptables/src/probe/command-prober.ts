import { z } from 'zod'

import { type CommandRunner } from '../apply/backend.ts'
import { IptablesError } from '../error.ts'
import { type ConnectionProber, type ProbedConnection } from './prober.ts'
import { probeProgram } from './program.ts'

/** How the program is run. */
export interface CommandProberOptions {
  /** Runs it inside the namespace, as root. */
  readonly runner: CommandRunner
  /** Path of Node 22.18 or newer, as `process.execPath`. Default `node`. */
  readonly node?: string
}

const answer: z.ZodType<ProbedConnection> = z.object({
  outcome: z.string(),
  clientPort: z.number(),
  isAccepted: z.boolean().optional(),
})

/** Makes connections by a program that the runner starts inside the namespace. */
export function commandProber({ runner, node = 'node' }: CommandProberOptions): ConnectionProber {
  return {
    async connect(request, options) {
      const argv = [node, '--input-type=module', '--eval', probeProgram] as const
      const output = await runner.run(argv, JSON.stringify(request), options)
      const parsed = answer.safeParse(output.exitCode === 0 ? jsonOf(output.stdout) : undefined)
      if (parsed.success) return parsed.data
      const said = output.stderr.trim().slice(-300) || output.stdout.slice(0, 100)
      const message = `the probe by ${node} exited ${output.exitCode}: ${said}`
      const code = output.exitCode === 127 ? 'unsupported' : 'command-failed'
      throw new IptablesError(code, message, { cause: output })
    },
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not the program's answer, whose absence is then reported with what it said instead.
    return undefined
  }
}
