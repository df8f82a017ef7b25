import { type CommandRunner } from '../apply/backend.ts'
import { detectUsage } from '../detect/usage.ts'
import { type BackendName, chooseBackend } from './choose-backend.ts'
import { type ExitCode, exitCodes } from './exit-code.ts'
import { type CommandIo } from './io.ts'
import { type Options, outputOf } from './istio-options.ts'
import { jsonText, visible } from './output.ts'

/** What one program can do here. */
interface Capability {
  readonly program: string
  /** Its version, as it says; absent when it is not there. */
  readonly version?: string
  /** Whether it can read what the kernel has. */
  readonly works: boolean
  /** Whether it finds rules there already; absent for what holds no rules. */
  readonly inUse?: boolean
  /** Why it does not work. */
  readonly why?: string
}

/** How each program is asked for its version, and for what the kernel has. */
const questions: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['nft', ['nft', '--version'], ['nft', 'list', 'ruleset']],
  ['iptables-nft', ['iptables-nft', '--version'], ['iptables-nft-save']],
  ['ip6tables-nft', ['ip6tables-nft', '--version'], ['ip6tables-nft-save']],
  ['iptables-legacy', ['iptables-legacy', '--version'], ['iptables-legacy-save']],
  ['ip6tables-legacy', ['ip6tables-legacy', '--version'], ['ip6tables-legacy-save']],
  ['ip', ['ip', '-Version'], ['ip', 'rule', 'show']],
]

/** Says which ways into the kernel work here, and which would be taken. Looks only. */
export async function capabilitiesCommand(io: CommandIo, options: Options): Promise<ExitCode> {
  const found: Capability[] = []
  for (const question of questions) found.push(await ask(io.runner, ...question))
  const chosen = { own: await choice(io.runner, 'own'), istio: await choice(io.runner, 'istio') }
  const { ours, meshes } = await detectUsage(io.runner)
  if (outputOf(options) === 'json') {
    io.stdout(jsonText({ verb: 'capabilities', programs: found, chosen, ours, meshes }))
  } else {
    const lines = [
      ...found.map(lineOf),
      ...ours.map((where) => `rules of ours: ${where}`),
      ...meshes.map(
        ({ mesh, where, objects }) => `rules of ${mesh}: ${where}, ${objects.join(' ')}`,
      ),
      `chosen: ${chosen.own ?? 'none'}; with --compat istio: ${chosen.istio ?? 'none'}`,
    ]
    io.stdout(`${lines.map(visible).join('\n')}\n`)
  }
  return chosen.own === undefined ? exitCodes.unsupported : exitCodes.ok
}

async function ask(
  runner: CommandRunner,
  program: string,
  version: readonly string[],
  read: readonly string[],
): Promise<Capability> {
  const told = await runner.run(version as [string, ...string[]])
  if (told.exitCode !== 0) return { program, works: false, why: 'not there' }
  const answer = await runner.run(read as [string, ...string[]])
  const known = { program, version: told.stdout.trim() }
  if (answer.exitCode !== 0) {
    return { ...known, works: false, why: answer.stderr.trim() || `exited ${answer.exitCode}` }
  }
  if (program === 'ip') return { ...known, works: true }
  const inUse = program === 'nft' ? answer.stdout.trim() !== '' : /^-A /m.test(answer.stdout)
  return { ...known, works: true, inUse }
}

async function choice(
  runner: CommandRunner,
  form: 'istio' | 'own',
): Promise<BackendName | undefined> {
  try {
    return await chooseBackend(runner, form)
  } catch {
    // Why each program does not work is said with the program.
    return undefined
  }
}

function lineOf({ program, version, works, inUse, why }: Capability): string {
  const state = works ? 'works' : `does not work: ${why ?? ''}`
  const use = inUse === true ? ', in use' : ''
  return `${program}: ${state}${use}${version === undefined ? '' : ` (${version})`}`
}
