import { IptablesError } from '../error.ts'
import { type SpecIssue } from '../spec/issue.ts'
import { messageOf } from '../spec/report.ts'
import { isTrue } from './fields.ts'
import { type IstioFlag, istioFlags } from './flags.ts'

/** What a flag or a variable says. */
export interface IstioSetting {
  readonly text: string
  /** Who says it, as `--proxy-uid` or `PROXY_UID`. */
  readonly origin: string
}

/** What flags and variables say, by the long name of the flag. */
export type IstioSettings = ReadonlyMap<string, IstioSetting>

/**
 * Takes flags (by long name) and variables together; a flag wins over a variable. Throws
 * `spec-invalid` naming every flag and variable that asks for something not supported.
 */
export function istioSettings(
  flags: Readonly<Record<string, string | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): IstioSettings {
  const settings = new Map<string, IstioSetting>()
  const issues: SpecIssue[] = []
  for (const flag of istioFlags) {
    const setting = settingOf(flag, flags, env)
    if (setting === undefined) continue
    if (flag.refused === undefined) settings.set(flag.name, setting)
    else if (asks(flag, setting.text)) {
      const message = `is not supported: ${flag.refused}`
      issues.push({ path: setting.origin, value: setting.text, message })
    }
  }
  if (issues.length > 0) throw new IptablesError('spec-invalid', messageOf(issues), { issues })
  return settings
}

function settingOf(
  { name, env: variables, variableOnly }: IstioFlag,
  flags: Readonly<Record<string, string | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): IstioSetting | undefined {
  const given = variableOnly === true ? undefined : flags[name]
  if (given !== undefined) return { text: given, origin: `--${name}` }
  const variable = variables.findLast((one) => env[one] !== undefined)
  return variable === undefined ? undefined : { text: env[variable] ?? '', origin: variable }
}

/** A switch that is off and a text that is empty ask for nothing. */
function asks({ kind }: IstioFlag, text: string): boolean {
  return kind === 'text' ? text !== '' : isTrue(text) !== false
}
