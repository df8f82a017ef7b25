import { diffRules, type RuleDiff } from '../diff/diff.ts'
import { compareIstio } from '../istio/compare.ts'
import { type IstioConfig } from '../istio/config.ts'
import { istioRules } from '../istio/rules.ts'
import { chainsOf, chainsOfSave } from '../istio/state.ts'
import { type Family } from '../model/family.ts'
import { forFamily } from '../model/project.ts'
import { plan } from '../plan/plan.ts'
import { differenceLine } from './difference.ts'
import { readDump, readText } from './dump.ts'
import { type ExitCode, exitCodes } from './exit-code.ts'
import { readWanted } from './input.ts'
import { type CommandIo } from './io.ts'
import { type Options, outputOf } from './istio-options.ts'
import { jsonText } from './output.ts'
import { findOwnerIds } from './surroundings.ts'

/** Compares the rules that are wanted with a dump of rules, and touches nothing. */
export async function diffCommand(io: CommandIo, options: Options): Promise<ExitCode> {
  const family = options['family'] as Family
  const dump = String(options['dump'])
  const wanted = await readWanted(io, options, { isFound: true, isStdinTaken: dump === '-' })
  const differences =
    wanted.form === 'istio'
      ? await istioDifferences(io, wanted.config, dump, family)
      : await ownDifferences(io, plan(wanted.spec), dump, family)
  const ok = differences.length === 0
  if (outputOf(options) === 'json') {
    io.stdout(jsonText({ verb: 'diff', form: wanted.form, family, ok, differences }))
  } else {
    io.stdout(ok ? 'no difference\n' : differences.map(differenceLine).join(''))
  }
  return ok ? exitCodes.ok : exitCodes.different
}

async function ownDifferences(
  io: CommandIo,
  rules: ReturnType<typeof plan>,
  path: string,
  family: Family,
): Promise<readonly RuleDiff[]> {
  const dump = await readDump(io, path, family)
  // nft has both families and its sets in one table; iptables has one family, written out.
  const expected = dump.kind === 'nft' ? rules : forFamily(rules, family)
  return [...dump.anomalies, ...diffRules(expected, dump.rules)]
}

async function istioDifferences(
  io: CommandIo,
  config: IstioConfig,
  path: string,
  family: Family,
): Promise<readonly RuleDiff[]> {
  const ids = await findOwnerIds(io)
  const found = chainsOfSave(await readText(io, path), family, ids)
  return compareIstio(chainsOf(istioRules(config, family), family, ids), found, family)
}
