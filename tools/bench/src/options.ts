import { Command, InvalidArgumentError } from 'commander'

/** What the user asks for. */
export interface BenchOptions {
  readonly rounds: number
  /** The file for the numbers. */
  readonly json: string
}

/** The command line as `--help` shows it. */
function benchCommand(): Command {
  return new Command('npm run bench --')
    .description(
      'Measures what adding and deleting a pod takes on a small node in network namespaces: through ' +
        'the whole chain by cnitool (with and without proxy-cni), and by the plugin alone.',
    )
    .option('--rounds <N>', 'how often each is measured', parseRounds, 30)
    .option('--json <FILE>', 'where the numbers are written', '.cache/bench/add.json')
    .addHelpText(
      'after',
      `
Needs root. Compare ratios, not milliseconds of different machines; run it on a quiet one.

Examples:
  $ npm run bench
  $ npm run bench -- --rounds 100 --json /tmp/add.json`,
    )
}

/** Reads the command line; ends the process for `--help` and for what cannot be used. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  return benchCommand().allowExcessArguments(false).parse(argv, { from: 'user' }).opts()
}

function parseRounds(text: string): number {
  const rounds = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (rounds < 1) throw new InvalidArgumentError('must be a whole number from 1 to 99999.')
  return rounds
}
