import { type RuleDiff } from '../diff/diff.ts'
import { type Family } from '../model/family.ts'
import { type RuleSet } from '../model/rule-set.ts'
import { parseNftJson } from '../parse/nft-json.ts'
import { parseSave } from '../parse/save.ts'
import { UsageError } from './exit-code.ts'
import { type CommandIo } from './io.ts'

/** What of ours a dump has. */
export interface Dump {
  readonly kind: 'iptables-save' | 'nft'
  readonly rules: RuleSet
  /** What no rule set can express. */
  readonly anomalies: readonly RuleDiff[]
}

/**
 * Reads a file with what `iptables-save` or `ip6tables-save` printed, which belongs to the family,
 * or with what `nft -j list ruleset` printed; `-` is standard input.
 */
export async function readDump(io: CommandIo, path: string, family: Family): Promise<Dump> {
  const text = await readText(io, path)
  if (text.trimStart().startsWith('{')) {
    const { rules, anomalies } = parseNftJson(text)
    return { kind: 'nft', rules, anomalies }
  }
  const { rules, anomalies } = parseSave(text, family)
  return { kind: 'iptables-save', rules, anomalies }
}

/** A file as text; `-` is standard input. */
export async function readText(io: CommandIo, path: string): Promise<string> {
  if (path === '-') return await io.stdin.read()
  try {
    return await io.readFile(path)
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown'
    throw new UsageError(`read ${path}: ${why}`, { cause: error })
  }
}
