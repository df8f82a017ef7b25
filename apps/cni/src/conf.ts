import { PolicyError } from '@proxy/policy'
import * as z from 'zod/mini'

/**
 * The keys of the plugin's entry in the network configuration that say how it works. Which pods
 * it selects is configured by the keys of `PolicyConf` of `@proxy/policy`.
 */
export interface PluginSettings {
  /** The agent's socket. Default `/run/proxy-agent/agent.sock`. */
  readonly socket: string
  /** The agent's selection file. Default `/run/proxy-agent/selection.json`. */
  readonly selectionFile: string
  /** Where deletions wait for an agent that is away. Default `/var/lib/proxy-agent/delete-queue`. */
  readonly deleteQueue: string
  /** How long ADD, CHECK and GC may take as a whole, in milliseconds. Default 18000, at most 20000. */
  readonly addTimeoutMs: number
  /** How long DEL waits for the agent's answer, in milliseconds. Default 8000, at most 10000. */
  readonly delTimeoutMs: number
  /** How long ADD waits for an agent that is absent or starting. Default 3000. */
  readonly agentWaitMs: number
  /** Whether STATUS fails (code 50) while the agent takes no pods. Default false. */
  readonly strictStatus: boolean
  /** A file that log lines are also appended to. Default none. */
  readonly logFile?: string | undefined
  /** The size at which that file is moved to `<logFile>.1`, in bytes. Default 1 MiB. */
  readonly logFileMaxBytes: number
}

function schema(): z.ZodMiniType<PluginSettings> {
  const path = z
    .string()
    .check(z.maxLength(4095), z.regex(/^\/[^\p{Cc}]*$/u, 'must be an absolute path'))
  const ms = (most: number, usual: number): z.ZodMiniType<number> =>
    z._default(z.int().check(z.gte(1), z.lte(most)), usual)
  return z.object({
    socket: z._default(path, '/run/proxy-agent/agent.sock'),
    selectionFile: z._default(path, '/run/proxy-agent/selection.json'),
    deleteQueue: z._default(path, '/var/lib/proxy-agent/delete-queue'),
    addTimeoutMs: ms(20_000, 18_000),
    delTimeoutMs: ms(10_000, 8_000),
    agentWaitMs: z._default(z.int().check(z.gte(0), z.lte(20_000)), 3_000),
    strictStatus: z._default(z.boolean(), false),
    logFile: z.optional(path),
    logFileMaxBytes: z._default(z.int().check(z.gte(4_096), z.lte(1_073_741_824)), 1_048_576),
  })
}

/**
 * Reads the plugin's own settings.
 * @throws PolicyError `conf-invalid`, naming the key.
 */
export function parseSettings(conf: unknown): PluginSettings {
  const parsed = schema().safeParse(conf, { jitless: true })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const at = issue?.path.map(String).join('.') ?? ''
  throw new PolicyError(
    'conf-invalid',
    `plugin configuration: ${at}: ${issue?.message ?? 'is not valid'}`,
    { cause: parsed.error },
  )
}

/** The settings, or the defaults where they cannot be read: for DEL, which must not fail. */
export function settingsOrDefaults(conf: unknown): PluginSettings {
  try {
    return parseSettings(conf)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return parseSettings({})
  }
}
