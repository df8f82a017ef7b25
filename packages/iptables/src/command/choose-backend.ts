import { type CommandRunner } from '../apply/backend.ts'
import { commandError } from '../apply/command-error.ts'
import { detectUsage } from '../detect/usage.ts'
import { IptablesError } from '../error.ts'
import { type IstioSettings } from '../istio/settings.ts'
import { UsageError } from './exit-code.ts'

/** Ways into the kernel. */
export const backends = ['nft', 'iptables-nft', 'iptables-legacy'] as const

/** See {@link backends}. */
export type BackendName = (typeof backends)[number]

/** The back end that an option forces; undefined when there is a choice. */
export function forcedBackend(
  option: string | undefined,
  settings: IstioSettings | undefined,
): BackendName | undefined {
  const binary = settings?.get('force-iptables-binary')
  if (binary !== undefined && binary.text !== '') {
    if (binary.text !== 'nft' && binary.text !== 'legacy') {
      throw new UsageError(`${binary.origin} "${binary.text}": must be legacy or nft`)
    }
    return `iptables-${binary.text}`
  }
  return option === undefined || option === 'auto' ? undefined : (option as BackendName)
}

/** The ways by which rules of ours are there. */
export async function backendsInUse(runner: CommandRunner): Promise<readonly BackendName[]> {
  const { ours } = await detectUsage(runner)
  return ours.map((used) => (used === 'nf_tables' ? 'nft' : used))
}

/**
 * Chooses by what is in use and what works; looks only. Rules of ours are a reason to stay with the
 * way by which they came, and so are rules of anybody that `iptables-legacy` holds, as for Istio's
 * program.
 */
export async function chooseBackend(
  runner: CommandRunner,
  form: 'istio' | 'own',
): Promise<BackendName> {
  if (form === 'own') {
    const [there] = await backendsInUse(runner)
    if (there !== undefined) return there
  }
  const failures: IptablesError[] = []
  /** What a program prints; undefined when it does not work. */
  const answer = async (...argv: [string, ...string[]]): Promise<string | undefined> => {
    const output = await runner.run(argv)
    if (output.exitCode === 0) return output.stdout
    failures.push(commandError(argv, output, ''))
    return undefined
  }
  if (form === 'own' && (await answer('nft', '--version')) !== undefined) return 'nft'
  const legacy = await answer('iptables-legacy-save')
  if (legacy !== undefined && /^-A /m.test(legacy)) return 'iptables-legacy'
  if ((await answer('iptables-nft-save')) !== undefined) return 'iptables-nft'
  if (legacy !== undefined) return 'iptables-legacy'
  const told = failures.map(({ message }) => message).join('; ')
  const code = failures.find((error) => error.code !== 'unsupported')?.code ?? 'unsupported'
  throw new IptablesError(code, `no way into the kernel works here: ${told}`, { cause: failures })
}
