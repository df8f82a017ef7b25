import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { type Agent, agentAt, defaultSocket } from './agent.ts'
import { dryRun } from './dry-run.ts'
import { type ExitCode, exitCodes, failureOf } from './exit-code.ts'
import { explainCommand } from './explain-command.ts'
import { type ToolIo } from './io.ts'
import { parsePodRef } from './pod-ref.ts'
import { statusCommand } from './status-command.ts'
import { outputFormats, type OutputFormat } from './text.ts'
import { version } from './version.ts'
import { versionCommand } from './version-command.ts'

const EXIT_CODES = `
Exit codes:
  0  answered, and all is well
  1  answered, and something is wrong
  2  the command line, or a file it names, cannot be used
  3  the agent cannot be reached
  4  this user may not speak to the agent`

interface OutputOptions {
  output: OutputFormat
}

/** Runs the tool with the arguments after its name. */
export async function run(args: readonly string[], io: ToolIo): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok
  try {
    await program(io, (result) => (code = result)).parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    }
    const failure = failureOf(error)
    io.stderr(`sidecarctl: ${failure.line}\n`)
    return failure.code
  }
}

function program(io: ToolIo, done: (code: ExitCode) => void): Command {
  const root = new Command('sidecarctl')
    .description("What the sidecar agent on this node has captured, and why a pod is or isn't.")
    .version(version)
    .addOption(socketOption(io))
    .option('--timeout <seconds>', 'how long to wait for the agent', secondsOf, 10)
    .showHelpAfterError('(sidecarctl --help shows what there is)')
    .addHelpText('after', EXIT_CODES)
  configure(root, io)
  const agent = (): Agent => {
    const { socket, timeout } = root.opts<{ socket: string; timeout: number }>()
    return agentAt(socket, timeout * 1_000)
  }
  const command = (usage: string, description: string, examples: readonly string[]): Command => {
    const lines = ['', 'Examples:', ...examples.map((example) => `  sidecarctl ${example}`)]
    const added = root
      .command(usage)
      .description(description)
      .addHelpText('after', lines.join('\n'))
    return added.addOption(outputOption())
  }

  command('version', 'print the version of the tool and of the agent', [
    'version',
    'version --client',
  ])
    .option('--client', 'do not ask the agent')
    .action(async ({ output, client }: OutputOptions & { client?: true }) => {
      done(await versionCommand(io, client === true ? undefined : agent(), output))
    })

  command('status', 'print the state of the agent and of every sidecar', [
    'status',
    'status -n shop -o wide',
    'status -o json',
  ])
    .option('-n, --namespace <namespace>', 'only sidecars of pods of this namespace')
    .action(async ({ output, namespace }: OutputOptions & { namespace?: string }) => {
      done(await statusCommand(io, agent(), { namespace, format: output }))
    })

  command('explain <pod>', 'say why a pod is captured, or why it is not', [
    'explain shop/reviews-7d4',
    'explain reviews-7d4 -n shop -o json',
    'explain shop/reviews-7d4 --conf /etc/cni/net.d/10-pods.conflist --annotations pod.json',
  ])
    .option('-n, --namespace <namespace>', 'namespace of the pod (default: default)')
    .option('--conf <file>', "decide here: the plugin's configuration, or a conflist with it")
    .option('--annotations <file>', 'decide here: the annotations, or the pod, as JSON')
    .option('--selection <file>', "decide here: the agent's selection file")
    .action(async (text: string, options: ExplainOptions) => {
      const { output, namespace, conf, annotations, selection } = options
      const pod = parsePodRef(text, namespace)
      const here = conf !== undefined || annotations !== undefined || selection !== undefined
      const files = { conf, annotations, selection }
      done(
        here
          ? await dryRun(io, pod, files, output)
          : await explainCommand(io, agent(), pod, output),
      )
    })
  return root
}

interface ExplainOptions extends OutputOptions {
  namespace?: string
  conf?: string
  annotations?: string
  selection?: string
}

/** Sends commander's output where ours goes, and keeps it from ending the process. */
function configure(root: Command, io: ToolIo): void {
  root.exitOverride()
  root.configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
}

function socketOption(io: ToolIo): Option {
  return new Option('--socket <path>', "the agent's socket, or SIDECARCTL_SOCKET").default(
    io.env['SIDECARCTL_SOCKET'] ?? defaultSocket,
  )
}

function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print').choices(outputFormats).default('table')
}

function secondsOf(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= 600) return seconds
  throw new InvalidArgumentError('It must be a number of seconds, more than 0 and at most 600.')
}
