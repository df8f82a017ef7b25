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

/** A whole number within bounds; the small build of zod has no texts of its own. */
function whole(least: number, most: number, usual: number): z.ZodMiniType<number> {
  const text = `must be a whole number from ${least} to ${most}`
  return z._default(z.int(text).check(z.gte(least, text), z.lte(most, text)), usual)
}

function schema(): z.ZodMiniType<PluginSettings> {
  const absolute = 'must be an absolute path'
  const path = z
    .string(absolute)
    .check(z.maxLength(4095, absolute), z.regex(/^\/[^\p{Cc}]*$/u, absolute))
  return z.object({
    socket: z._default(path, '/run/proxy-agent/agent.sock'),
    selectionFile: z._default(path, '/run/proxy-agent/selection.json'),
    deleteQueue: z._default(path, '/var/lib/proxy-agent/delete-queue'),
    addTimeoutMs: whole(1, 20_000, 18_000),
    delTimeoutMs: whole(1, 10_000, 8_000),
    agentWaitMs: whole(0, 20_000, 3_000),
    strictStatus: z._default(z.boolean('must be true or false'), false),
    logFile: z.optional(path),
    logFileMaxBytes: whole(4_096, 1_073_741_824, 1_048_576),
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
