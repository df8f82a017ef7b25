import { detectUsage } from '../detect/usage.ts'
import { isTrue } from '../istio/fields.ts'
import { type IstioSettings } from '../istio/settings.ts'
import { families } from '../model/family.ts'
import { parseRedirectSpec } from '../spec/redirect-spec.ts'
import { type BackendName, backendsInUse, chooseBackend, forcedBackend } from './choose-backend.ts'
import { type ExitCode, exitCodes, UsageError } from './exit-code.ts'
import { type Difference, differenceLine, differenceOf } from './difference.ts'
import { readWanted, type Wanted } from './input.ts'
import { type CommandIo } from './io.ts'
import { hasIstioFlags, type Options, outputOf, settingsOf } from './istio-options.ts'
import { type Kernel, kernelBy } from './kernel.ts'
import { jsonText, visible } from './output.ts'
import { restoreText } from './render-command.ts'
import { addRouting, missingRouting, removeRouting, routingLeft, routingOf } from './routing.ts'
import { findOwnerIds } from './surroundings.ts'

/** Makes the kernel have the rules, and what they need beside them. */
export async function applyCommand(io: CommandIo, options: Options): Promise<ExitCode> {
  const settings = switchesOf(io, options)
  if (isOn(settings, 'cleanup-only')) return await removeCommand(io, options)
  const wanted = await readWanted(io, options, { isFound: true })
  if (isOn(settings, 'dry-run')) return printPlan(io, wanted, options)
  const { kernel, name } = await openKernel(io, options, wanted)
  if (wanted.form === 'own') await warnOfOthers(io, name)
  const isForced = isOn(settings, 'force-apply')
  const hasRules = await kernel.apply(wanted, isForced)
  const hasRouting = await addRouting(io.runner, routingOf(wanted))
  const changed = hasRules === undefined ? undefined : hasRules || hasRouting
  report(io, options, { verb: 'apply', backend: name, form: wanted.form, changed }, 'applied')
  return exitCodes.ok
}

/** Whatever else captures here sends connections in circles: whoever comes second should know. */
async function warnOfOthers({ runner, stderr }: CommandIo, name: BackendName): Promise<void> {
  const { meshes } = await detectUsage(runner)
  for (const { mesh, where, objects } of meshes) {
    const words = `rules of ${mesh} are here too (${where}: ${objects.join(', ')})`
    stderr(visible(`proxy-iptables: ${words}; one of both has to go\n`))
  }
  for (const other of await backendsInUse(runner)) {
    if (other === name) continue
    const words = `rules of ours are here by ${other} too`
    stderr(`proxy-iptables: ${words}; remove --backend ${other} takes them away\n`)
  }
}

/** Compares the kernel with the rules and what they need beside them. */
export async function verifyCommand(io: CommandIo, options: Options): Promise<ExitCode> {
  const wanted = await readWanted(io, options, { isFound: true })
  const { kernel, name } = await openKernel(io, options, wanted)
  const missing = await missingRouting(io.runner, routingOf(wanted))
  const { differences: rules } = await kernel.verify(wanted)
  const differences: readonly Difference[] = [...rules, ...missing.map(differenceOf)]
  const ok = differences.length === 0
  if (outputOf(options) === 'json') {
    io.stdout(jsonText({ verb: 'verify', backend: name, form: wanted.form, ok, differences }))
  } else {
    io.stdout(ok ? `as it should be (${name})\n` : differences.map(differenceLine).join(''))
  }
  return ok ? exitCodes.ok : exitCodes.different
}

/** Takes the rules away, and what was added beside them. */
export async function removeCommand(io: CommandIo, options: Options): Promise<ExitCode> {
  const wanted = await removable(io, options)
  if (isOn(switchesOf(io, options), 'dry-run')) {
    io.stdout(`would remove the rules of ${wanted.form === 'istio' ? 'Istio' : 'this package'}\n`)
    return exitCodes.ok
  }
  const { kernel, name } = await openKernel(io, options, wanted)
  await kernel.remove(wanted)
  if (wanted.form === 'own' && forcedName(io, options) === undefined) {
    const ids = await findOwnerIds(io)
    for (const other of await backendsInUse(io.runner))
      await kernelBy(io, other, ids).remove(wanted)
  }
  await removeRouting(io.runner, routingLeft(wanted))
  report(io, options, { verb: 'remove', backend: name, form: wanted.form }, 'removed')
  return exitCodes.ok
}

/** Our own rules are known by their names, so that nobody need say which they were. */
async function removable(io: CommandIo, options: Options): Promise<Wanted> {
  const isSaid = options['spec'] !== undefined || hasIstioFlags(options)
  if (options['compat'] === 'istio' || isSaid)
    return await readWanted(io, options, { isFound: true })
  return { form: 'own', spec: parseRedirectSpec({}) }
}

async function openKernel(
  io: CommandIo,
  options: Options,
  wanted: Wanted,
): Promise<{ readonly kernel: Kernel; readonly name: BackendName }> {
  const name = forcedName(io, options) ?? (await chooseBackend(io.runner, wanted.form))
  return { name, kernel: kernelBy(io, name, await findOwnerIds(io)) }
}

function forcedName(io: CommandIo, options: Options): BackendName | undefined {
  return forcedBackend(options['backend'] as string | undefined, switchesOf(io, options))
}

/** With `--spec`, variables are somebody else's; what flags say beside it was refused before. */
function switchesOf(io: CommandIo, options: Options): IstioSettings {
  return settingsOf(options, options['spec'] === undefined ? io.env : {})
}

function isOn(settings: IstioSettings, name: string): boolean {
  const setting = settings.get(name)
  if (setting === undefined || setting.text === '') return false
  const value = isTrue(setting.text)
  if (value === undefined) throw new UsageError(`${setting.origin} must be true or false`)
  return value
}

function printPlan(io: CommandIo, wanted: Wanted, options: Options): ExitCode {
  const texts = families.map((family) => ({ family, text: restoreText(wanted, family) }))
  io.stdout(
    outputOf(options) === 'json'
      ? jsonText({ verb: 'apply', dryRun: true, form: wanted.form, rules: texts })
      : texts.map(({ family, text }) => `# ${family}\n${text}`).join(''),
  )
  return exitCodes.ok
}

function report(
  io: CommandIo,
  options: Options,
  result: Readonly<Record<string, unknown>> & { readonly backend: BackendName },
  word: string,
): void {
  io.stdout(outputOf(options) === 'json' ? jsonText(result) : `${word} (${result.backend})\n`)
}
