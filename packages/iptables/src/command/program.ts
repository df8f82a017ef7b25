import { Command, CommanderError, Option } from 'commander'

import { families } from '../model/family.ts'
import { backends } from './choose-backend.ts'
import { type ExitCode, exitCodeHelp, exitCodeOf, exitCodes } from './exit-code.ts'
import { type CommandIo } from './io.ts'
import { addIstioOptions, addOutputOptions, type Options } from './istio-options.ts'
import { visible } from './output.ts'
import { applyCommand, removeCommand, verifyCommand } from './kernel-commands.ts'
import { renderBackends, renderCommand } from './render-command.ts'

/** Runs the command with the arguments after its name. */
export async function run(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok
  try {
    await program(io, (result) => (code = result)).parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    }
    const line = error instanceof Error ? error.message : String(error)
    io.stderr(`proxy-iptables: ${visible(line)}\n`)
    return exitCodeOf(error)
  }
}

function program(io: CommandIo, done: (code: ExitCode) => void): Command {
  const root = new Command('proxy-iptables')
    .description("Redirection of this network namespace's connections into a sidecar proxy.")
    .showHelpAfterError('(proxy-iptables --help shows what there is)')
    .addHelpText('after', exitCodeHelp)
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
  const command = (
    name: string,
    about: string,
    examples: readonly string[],
    action: (io: CommandIo, options: Options) => Promise<ExitCode>,
  ): Command => {
    const lines = ['', 'Examples:', ...examples.map((example) => `  ${example}`)]
    return root
      .command(name)
      .description(about)
      .addHelpText('after', lines.join('\n'))
      .addHelpText('after', exitCodeHelp)
      .action(async (options: Options) => {
        done(await action(io, options))
      })
  }
  const withInput = (added: Command): Command => {
    added
      .option('--spec <file>', 'specification as JSON; - is standard input, the default')
      .addOption(
        new Option('--compat <form>', "Istio's names of chains and exactly its rules").choices([
          'istio',
        ]),
      )
    addOutputOptions(added)
    addIstioOptions(added)
    return added
  }

  const render = command(
    'render',
    'print rules; nothing is looked up and nothing is touched',
    [
      `proxy-iptables render --family ipv4 --spec redirect.json`,
      `echo '{"excludeInboundPorts":[9090]}' | proxy-iptables render --family ipv6`,
      `proxy-iptables render --family ipv4 --compat istio -b '*' -d 15090,15021 -i '*' -u 1337`,
    ],
    renderCommand,
  )
  withInput(
    render
      .addOption(
        new Option('--backend <name>', 'for which program')
          .choices(renderBackends)
          .default(renderBackends[0]),
      )
      .addOption(new Option('--family <family>', 'for which family').choices(families)),
  )
  const withKernel = (added: Command): Command =>
    withInput(
      added.addOption(
        new Option('--backend <name>', 'way into the kernel')
          .choices(['auto', ...backends])
          .default('auto'),
      ),
    )
  withKernel(
    command(
      'apply',
      'make the kernel have exactly these rules; may be repeated',
      [
        `proxy-iptables apply --spec redirect.json`,
        `proxy-iptables apply --compat istio -p 15001 -z 15006 -u 1337 -b '*' -i '*'`,
        `proxy-iptables apply --backend nft --spec redirect.json -o json`,
      ],
      applyCommand,
    ),
  )
  withKernel(
    command(
      'verify',
      'compare the kernel with these rules',
      [`proxy-iptables verify --spec redirect.json || echo different`],
      verifyCommand,
    ),
  )
  withKernel(
    command(
      'remove',
      'take the rules away; may be repeated',
      [`proxy-iptables remove`, `proxy-iptables remove --compat istio -c eth1`],
      removeCommand,
    ),
  )
  withKernel(
    command(
      'istio-iptables',
      "apply --compat istio, under the name that Istio's containers call",
      [`proxy-iptables istio-iptables -p 15001 -z 15006 -u 1337 -m REDIRECT -i '*' -b '*'`],
      (inner, options) => applyCommand(inner, { ...options, compat: 'istio' }),
    ),
  )
  return root
}
