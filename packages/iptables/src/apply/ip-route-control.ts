import { z } from 'zod'

import { IptablesError } from '../error.ts'
import { families, type Family } from '../model/family.ts'
import { type CallOptions, type CommandOutput, type CommandRunner } from './backend.ts'
import { commandError } from './command-error.ts'
import {
  policyWords,
  type RouteControl,
  type RouteEntry,
  routeProtocol,
  routeWords,
} from './routes.ts'

/** How routing is changed by the program `ip`. */
export interface IpRouteControlOptions {
  /** Runs `ip` (iproute2 4.18 or newer) inside the pod's network namespace. */
  readonly runner: CommandRunner
}

type Argv = readonly [string, ...string[]]

/** Numbers that this program has a name for are written as the name; ours have none. */
const policySchema = z.array(
  z.object({
    priority: z.number(),
    fwmark: z.string().optional(),
    fwmask: z.string().optional(),
    table: z.string().optional(),
    protocol: z.string().optional(),
  }),
)

const routeSchema = z.array(
  z.object({ type: z.string().optional(), dst: z.string(), table: z.string().optional() }),
)

/** Routing by the program `ip`, one process for each question and each change. */
export function ipRouteControl({ runner }: IpRouteControlOptions): RouteControl {
  const ask = async <T>(argv: Argv, schema: z.ZodType<T[]>, call?: CallOptions): Promise<T[]> => {
    const output = await runner.run(argv, undefined, call)
    // A machine without a family, or a table that nobody has used, has no entries.
    if (/not supported by protocol|FIB table does not exist/i.test(output.stderr)) return []
    if (output.exitCode !== 0) throw ipError(argv, output)
    return read(argv, output.stdout, schema)
  }
  const change = async (argv: Argv, done: RegExp, call?: CallOptions): Promise<void> => {
    const output = await runner.run(argv, undefined, call)
    if (output.exitCode !== 0 && !done.test(output.stderr)) throw ipError(argv, output)
  }
  return {
    async list(call) {
      const entries: RouteEntry[] = []
      for (const family of families) {
        const rules = await ask(['ip', '-j', flagOf(family), 'rule', 'show'], policySchema, call)
        entries.push(...rules.flatMap((rule) => policyOf(family, rule)))
        const proto = ['proto', String(routeProtocol)]
        const argv: Argv = ['ip', '-j', flagOf(family), 'route', 'show', 'table', 'all', ...proto]
        const routes = await ask(argv, routeSchema, call)
        entries.push(...routes.map(({ table }) => routeOf(family, table)))
      }
      return entries
    },
    async add(entry, call) {
      const argv: Argv = ['ip', flagOf(entry.family), ...verb(entry, 'add')]
      if (entry.kind === 'policy') return change(argv, /file exists/i, call)
      const output = await runner.run(argv, undefined, call)
      if (output.exitCode === 0) return
      if (!/file exists/i.test(output.stderr)) throw ipError(argv, output)
      const text = `routing table ${entry.table} has a default route of somebody else: choose another tproxyTable`
      throw new IptablesError('kernel-refused', text, { object: `table ${entry.table}` })
    },
    remove: (entry, call) =>
      change(
        ['ip', flagOf(entry.family), ...verb(entry, 'delete')],
        /no such (process|file or directory)|FIB table does not exist/i,
        call,
      ),
  }
}

function flagOf(family: Family): string {
  return family === 'ipv4' ? '-4' : '-6'
}

function verb(entry: RouteEntry, word: 'add' | 'delete'): readonly string[] {
  return entry.kind === 'route'
    ? ['route', word, ...routeWords(entry)]
    : ['rule', word, ...policyWords(entry)]
}

function policyOf(family: Family, rule: z.infer<typeof policySchema>[number]): RouteEntry[] {
  if (rule.protocol !== String(routeProtocol)) return []
  const { priority, fwmark, fwmask, table } = rule
  const mark = Number(fwmark ?? 0)
  const mask = fwmask === undefined ? 0xffff_ffff : Number(fwmask)
  return [{ kind: 'policy', family, priority, mark, mask, table: Number(table ?? 0) }]
}

function routeOf(family: Family, table = 'main'): RouteEntry {
  return { kind: 'route', family, table: table === 'main' ? 254 : Number(table) }
}

function read<T>(argv: Argv, text: string, schema: z.ZodType<T[]>): T[] {
  if (text.trim() === '') return []
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const why = `${argv.join(' ')} printed something else than JSON: iproute2 4.18 is needed`
    throw new IptablesError('unsupported', why, { cause: error })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const why = `${argv.join(' ')} printed an unknown list: ${parsed.error.message}`
  throw new IptablesError('reply-invalid', why, { cause: parsed.error })
}

/** `ip` says what the kernel said; what is wrong with the tool itself is `unsupported`. */
function ipError(argv: Argv, output: CommandOutput): IptablesError {
  if (/unrecognized option|invalid option|is unknown|usage:|garbage/i.test(output.stderr)) {
    const text = `${argv.join(' ')} exited ${output.exitCode}: ${output.stderr.trim()}; iproute2 4.18 is needed`
    return new IptablesError('unsupported', text, { cause: output })
  }
  return commandError(argv, output, '')
}
