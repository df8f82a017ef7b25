import { type Family } from '../model/family.ts'
import { renderIstioRestore } from '../istio/restore.ts'
import { plan } from '../plan/plan.ts'
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
  if (backend === 'nft') throw new UsageError('--backend nft is not there yet')
  if (family === undefined) {
    throw new UsageError('--backend iptables-restore needs --family ipv4 or --family ipv6')
  }
  const wanted = await readWanted(io, options, { isFound: false })
  const text = restoreText(wanted, family)
  if (text === '') io.stderr(`proxy-iptables: ${family} is not captured: there are no rules\n`)
  io.stdout(
    outputOf(options) === 'json' ? jsonText({ backend, family, form: wanted.form, text }) : text,
  )
  return exitCodes.ok
}

function restoreText(wanted: Wanted, family: Family): string {
  return wanted.form === 'istio'
    ? renderIstioRestore(wanted.config, family)
    : renderRestore(plan(wanted.spec), family)
}
