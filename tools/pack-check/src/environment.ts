/** Where programs, the home folder and pnpm's store are, and how a registry is reached. */
const NAMES = [
  'PATH',
  'HOME',
  'TMPDIR',
  'XDG_CACHE_HOME',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'PNPM_HOME',
  'npm_config_registry',
  'npm_config_userconfig',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
]

/** What the programs run here see of an environment: no flag for Node or pnpm changes their verdict. */
export function cleanEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const kept = NAMES.map((name) => [name, env[name]] as const).filter(
    (entry): entry is readonly [string, string] => entry[1] !== undefined,
  )
  return { ...Object.fromEntries(kept), CI: 'true' }
}
