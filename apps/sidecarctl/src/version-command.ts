import { type Agent } from './agent.ts'
import { type ExitCode, exitCodes, failureOf } from './exit-code.ts'
import { type ToolIo } from './io.ts'
import { jsonText, type OutputFormat, visible } from './text.ts'
import { version } from './version.ts'

/** Prints the tool's version, and the agent's where it can be had. */
export async function versionCommand(
  io: ToolIo,
  agent: Agent | undefined,
  format: OutputFormat,
): Promise<ExitCode> {
  const client = { version }
  const print = (answer?: { version: string; apiVersion: string }): void => {
    if (format === 'json') {
      io.stdout(jsonText({ client, ...(answer !== undefined && { agent: answer }) }))
      return
    }
    io.stdout(`sidecarctl   ${version}\n`)
    if (answer !== undefined) {
      io.stdout(`proxy-agent  ${visible(answer.version)} (protocol ${answer.apiVersion})\n`)
    }
  }
  if (agent === undefined) {
    print()
    return exitCodes.ok
  }
  try {
    print(await agent.client.call('version', undefined, agent.limits))
    return exitCodes.ok
  } catch (error) {
    // The half that is known is still worth printing.
    print()
    const failure = failureOf(error)
    io.stderr(`sidecarctl: ${failure.line}\n`)
    return failure.code
  }
}
