import { type Family } from '../model/family.ts'
import { renderIstioRestore } from '../istio/restore.ts'
import { plan } from '../plan/plan.ts'
import { renderNft } from '../render/nft-text.ts'
import { renderRestore } from '../render/restore.ts'
import { type ExitCode, exitCodes, UsageError } from './exit-code.ts'
import { readWanted, type Wanted } from './input.ts'
import { type CommandIo } from './io.ts'
import { type Options, outputOf } from './istio-options.ts'
import { jsonText } from './output.ts'

/** Ways of writing rules down. */
export const renderBackends = ['iptables-restore', 'nft'] as const

/** Prints the rules of one family, and looks at nothing but its input. */
export async function renderCommand(io: CommandIo, options: Options): Promise<ExitCode> {
  const backend = options['backend'] as (typeof renderBackends)[number]
  const family = options['family'] as Family | undefined
  if (family === undefined && backend !== 'nft') {
    throw new UsageError('--backend iptables-restore needs --family ipv4 or --family ipv6')
  }
  const wanted = await readWanted(io, options, { isFound: false })
  const text =
    family === undefined || backend === 'nft'
      ? nftText(wanted, family)
      : restoreText(wanted, family)
  if (text === '')
    io.stderr(`proxy-iptables: ${family ?? 'no family'} is not captured: there are no rules\n`)
  io.stdout(
    outputOf(options) === 'json' ? jsonText({ backend, family, form: wanted.form, text }) : text,
  )
  return exitCodes.ok
}

/** The rules of one family as text for `iptables-restore`; empty when it is not captured. */
export function restoreText(wanted: Wanted, family: Family): string {
  return wanted.form === 'istio'
    ? renderIstioRestore(wanted.config, family)
    : renderRestore(plan(wanted.spec), family)
}

/** The script for `nft -f`: for one family, or for all that are captured. */
function nftText(wanted: Wanted, family: Family | undefined): string {
  if (wanted.form === 'istio') {
    throw new UsageError('--compat istio needs --backend iptables-restore')
  }
  const { spec } = wanted
  const captured = spec.families.filter((one) => family === undefined || one === family)
  return captured.length === 0 ? '' : renderNft(plan({ ...spec, families: captured }))
}
