import { type Execute, must } from './execute.ts'

/** A program that is run, and the Debian package that has it. */
interface DebianProgram {
  readonly program: string
  readonly package: string
}

/** The reference CNI plugins of the Debian package `containernetworking-plugins`. */
export const CNI_PLUGIN_DIR = '/usr/lib/cni'

/** Everything that is run from the distribution. */
const DEBIAN_PROGRAMS: readonly DebianProgram[] = [
  { program: 'ip', package: 'iproute2' },
  { program: 'nsenter', package: 'util-linux' },
  { program: 'setpriv', package: 'util-linux' },
  { program: 'nft', package: 'nftables' },
  { program: 'iptables-nft-restore', package: 'iptables' },
  { program: 'iptables-legacy-restore', package: 'iptables' },
  { program: 'tcpdump', package: 'tcpdump' },
  { program: 'openssl', package: 'openssl' },
  { program: 'curl', package: 'curl' },
  { program: `${CNI_PLUGIN_DIR}/bridge`, package: 'containernetworking-plugins' },
]

/** Installs the packages of the programs that are missing, and nothing when none is. */
export function ensureDebianPrograms(run: Execute, say: (text: string) => void): void {
  const missing = missingPackages(run)
  if (missing.length === 0) return
  say(`installing Debian packages: ${missing.join(' ')}`)
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' }
  const purpose = `installing ${missing.join(' ')} (Debian packages; is this Debian, with a network?)`
  must(run, purpose, ['apt-get', 'update', '-qq'], quiet)
  const install = ['apt-get', 'install', '-qq', '-y', '--no-install-recommends'] as const
  must(run, purpose, [...install, ...missing], quiet)
  const still = missingPackages(run)
  if (still.length > 0)
    throw new Error(`still missing after their installation: ${still.join(' ')}`)
}

function missingPackages(run: Execute): readonly string[] {
  const missing = DEBIAN_PROGRAMS.filter(
    ({ program }) => run(['sh', '-c', 'command -v "$1"', 'sh', program]).status !== 0,
  )
  return [...new Set(missing.map(({ package: name }) => name))]
}
