import { type Command, Option } from 'commander'

import { type IstioFlag, istioFlags } from '../istio/flags.ts'
import { istioSettings, type IstioSettings } from '../istio/settings.ts'
import { type OutputFormat, outputFormats } from './output.ts'

/** What commander hands to an action. */
export type Options = Readonly<Record<string, unknown>>

/** The flag that has its letter in common with `--output`. */
const sharing = 'istio-local-outbound-ports-exclude'

/** Adds the flags of `istio-iptables`. */
export function addIstioOptions(command: Command): void {
  const own = istioFlags.filter(({ variableOnly }) => variableOnly !== true)
  for (const flag of own) {
    const option = optionOf(flag)
    if (flag.refused !== undefined) option.hideHelp()
    command.addOption(
      option.helpGroup(
        flag.stated === true ? 'Instead of what is found out:' : "Flags of Istio's program:",
      ),
    )
  }
  // Containers that Istio injects have them; nothing is logged here, so there is nothing to set.
  command.addOption(new Option('--log_output_level <level>').hideHelp())
  command.addOption(new Option('--log_as_json [true|false]').hideHelp())
  const variables = istioFlags.filter(({ variableOnly }) => variableOnly === true)
  const lines = variables.map(({ env, about }) => `  ${env.join()}\n      ${about}`)
  command.addHelpText(
    'after',
    `\nVariables of Istio's program without a flag:\n${lines.join('\n')}`,
  )
}

/** Adds `--output` and `-o`, which in Istio's program means ports. */
export function addOutputOptions(command: Command): void {
  const list = (text: string, before: readonly string[] = []): readonly string[] => [
    ...before,
    valueOf(text),
  ]
  const formats = outputFormats.join(' or ')
  command
    .addOption(new Option('--output <format>', 'how to print').choices(outputFormats))
    .addOption(
      new Option('-o <format>', `as --output when it is ${formats}, else --${sharing}`).argParser(
        list,
      ),
    )
}

/** What `-o` and `--output` say about printing; the last one counts. Default text. */
export function outputOf(options: Options): OutputFormat {
  const short = lettersOf(options).findLast((text) => isFormat(text))
  return short ?? (options['output'] as OutputFormat | undefined) ?? 'text'
}

/** What the flags and the variables say. Throws `spec-invalid` for what is not supported. */
export function settingsOf(
  options: Options,
  env: Readonly<Record<string, string | undefined>>,
): IstioSettings {
  return istioSettings(flagsOf(options), env)
}

/** Whether a flag says what to capture. */
export function hasIstioFlags(options: Options): boolean {
  return isAboutRules(istioSettings(flagsOf(options), {}))
}

/** Whether a variable says what to capture. */
export function hasIstioVariables(env: Readonly<Record<string, string | undefined>>): boolean {
  return isAboutRules(istioSettings({}, env))
}

function isAboutRules(settings: IstioSettings): boolean {
  return istioFlags.some(({ name, isAction }) => isAction !== true && settings.has(name))
}

function flagsOf(options: Options): Readonly<Record<string, string | undefined>> {
  const flags = Object.fromEntries(
    istioFlags.map(({ name }) => {
      const value = options[camelCase(name)]
      return [name, typeof value === 'string' ? value : value === true ? 'true' : undefined]
    }),
  )
  const ports = lettersOf(options).findLast((text) => !isFormat(text))
  return { ...flags, [sharing]: ports ?? flags[sharing] }
}

function lettersOf(options: Options): readonly string[] {
  return (options['o'] as readonly string[] | undefined) ?? []
}

function isFormat(text: string): text is OutputFormat {
  return (outputFormats as readonly string[]).includes(text)
}

function optionOf({ name, short, kind, about, env }: IstioFlag): Option {
  const letter = short === undefined || name === sharing ? '' : `-${short}, `
  const value = kind === 'text' ? '<value>' : '[true|false]'
  const variables = env.length === 0 ? '' : ` [${env.join(', ')}]`
  return new Option(`${letter}--${name} ${value}`, `${about}${variables}`).argParser(valueOf)
}

/** Go's flags may have `=` after a letter too, as in `-b=*`. */
function valueOf(text: string): string {
  return text.startsWith('=') ? text.slice(1) : text
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
