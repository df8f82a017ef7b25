import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'

import { type Config, SETTINGS } from './options.ts'
import { VERSION } from '../version.ts'
import { ValueError } from './values.ts'

/** A setting that cannot be used; the message names the flag, variable or key that has it. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

type Environment = Readonly<Record<string, string | undefined>>

const ENVIRONMENT_PREFIX = 'PROXY_AGENT_'

/**
 * Reads the configuration: a flag wins over an environment variable, that over the JSON file named
 * by `--config`, that over the default.
 * @throws ConfigError naming the first value that cannot be used, CommanderError for a command line that
 * cannot be read (which is printed by then) and after `--help`.
 */
export function loadConfig(argv: readonly string[], env: Environment): Config {
  const flags = parseFlags(argv)
  const path = (flags['config'] as string | undefined) ?? env[`${ENVIRONMENT_PREFIX}CONFIG`]
  const file = path === undefined ? {} : readFile(path)
  const entries = Object.entries(SETTINGS).map(([name, { flag, fallback, parse }]) => {
    const variable = environmentName(flag)
    const candidates: readonly (readonly [string, unknown])[] = [
      [`--${flag}`, flags[name]],
      [variable, env[variable]],
      [`${path ?? ''}: ${name}`, file[name]],
    ]
    const [where, value] = candidates.find(([, given]) => given !== undefined) ?? [flag, fallback]
    return [name, parseValue(where, value, parse)] as const
  })
  const config = Object.fromEntries(entries) as unknown as Config
  if (config.outboundPort === config.inboundPort) {
    throw new ConfigError(
      `--outbound-port and --inbound-port are both ${config.inboundPort}: must be two ports`,
    )
  }
  return config
}

/** The command line as `--help` shows it. */
export function agentCommand(): Command {
  const command = new Command('proxy-agent')
    .description(
      'The sidecar manager of a node: captures pods for proxy-cni and owns their Envoys. ' +
        'Runs as root in the host namespaces. Each option can also be set by the environment ' +
        'variable in brackets, or by its name in camelCase in the JSON file of --config.',
    )
    .version(VERSION)
    .addOption(new Option('--config <FILE>', `JSON file [${ENVIRONMENT_PREFIX}CONFIG]`))
    .allowExcessArguments(false)
    .showHelpAfterError('(proxy-agent --help shows what there is)')
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  # with every default
  $ proxy-agent --envoy-path /usr/local/bin/envoy
  # certificates of another authority
  $ proxy-agent --identity-source directory --identity-dir /opt/certs
  # the same by environment
  $ PROXY_AGENT_LOG_LEVEL=debug proxy-agent`,
    )
  for (const { flag, placeholder, fallback, about } of Object.values(SETTINGS)) {
    const value = placeholder === undefined ? '' : ` <${placeholder}>`
    const shown = fallback === '' ? 'none' : fallback
    command.addOption(
      new Option(`--${flag}${value}`, `${about} [${environmentName(flag)}, default ${shown}]`),
    )
  }
  return command
}

function parseFlags(argv: readonly string[]): Readonly<Record<string, unknown>> {
  return agentCommand().parse(argv, { from: 'user' }).opts()
}

function environmentName(flag: string): string {
  return ENVIRONMENT_PREFIX + flag.toUpperCase().replaceAll('-', '_')
}

function readFile(path: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigError(`configuration file ${path}: ${(error as Error).message}`, {
      cause: error,
    })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(`configuration file ${path}: must be a JSON object`)
  }
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(SETTINGS, key))
  if (unknown !== undefined) {
    throw new ConfigError(
      `configuration file ${path}: unknown key "${unknown}"; known are ${Object.keys(SETTINGS).join(', ')}`,
    )
  }
  return value as Record<string, unknown>
}

function parseValue(where: string, value: unknown, parse: (text: string) => unknown): unknown {
  const text = Array.isArray(value) ? value.join(',') : String(value)
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    throw new ConfigError(`${where} is "${text}": must be ${error.message}`, { cause: error })
  }
}
