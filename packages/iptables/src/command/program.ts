import { Command, CommanderError, Option } from 'commander'

import { families } from '../model/family.ts'
import { redirectSpecJsonSchema } from '../spec/redirect-spec.ts'
import { capabilitiesCommand } from './capabilities-command.ts'
import { backends } from './choose-backend.ts'
import { type ExitCode, exitCodeHelp, exitCodeOf, exitCodes, UsageError } from './exit-code.ts'
import { type CommandIo } from './io.ts'
import { addIstioOptions, addOutputOptions, type Options } from './istio-options.ts'
import { jsonText, visible } from './output.ts'
import { diffCommand } from './diff-command.ts'
import { addPacketOptions, explainCommand } from './explain-command.ts'
import { applyCommand, removeCommand, verifyCommand } from './kernel-commands.ts'
import { probeCommand } from './probe-command.ts'
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
    .option('--schema', 'print the JSON Schema of a specification')
    .usage('[options] <verb>')
    .argument('[verb]')
    .action((verb: string | undefined, { schema }: { schema?: true }) => {
      if (verb !== undefined) throw new UsageError(`${verb} is not a verb; --help shows them`)
      if (schema === true) io.stdout(jsonText(redirectSpecJsonSchema()))
      else root.help({ error: true })
    })
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
  addOutputOptions(
    command(
      'capabilities',
      'say which ways into the kernel work here; nothing is touched',
      [`proxy-iptables capabilities`, `proxy-iptables capabilities -o json`],
      capabilitiesCommand,
    ),
  )
  withInput(
    command(
      'probe',
      'show by connections that capture works; before the proxy listens, as root',
      [`proxy-iptables probe --spec redirect.json`],
      probeCommand,
    ),
  )
  const explained = command(
    'explain',
    'say what becomes of a packet, and which rules it meets',
    [
      `proxy-iptables explain --spec redirect.json --direction outbound \\`,
      `  --source 10.0.0.7 --destination 93.184.216.34 --destination-port 443 --uid 1000 --gid 1000`,
      `iptables-save | proxy-iptables explain --dump - --direction inbound \\`,
      `  --source 10.0.0.9 --destination 10.0.0.7 --destination-port 80`,
    ],
    explainCommand,
  ).option(
    '--dump <file>',
    'rules as iptables-save or nft -j list ruleset print them; - is standard input',
  )
  addPacketOptions(explained)
  withInput(explained)
  withInput(
    command(
      'diff',
      'compare rules with what iptables-save or nft -j list ruleset has printed',
      [
        `iptables-save | proxy-iptables diff --dump - --family ipv4 --spec redirect.json`,
        `proxy-iptables diff --dump saved.txt --family ipv4 --compat istio -b '*' -i '*'`,
      ],
      diffCommand,
    )
      .requiredOption('--dump <file>', 'what was printed; - is standard input')
      .addOption(
        new Option('--family <family>', 'whose rules were printed')
          .choices(families)
          .makeOptionMandatory(),
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
