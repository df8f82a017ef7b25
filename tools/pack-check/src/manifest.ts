/** Package names with the versions or ranges wanted of them. */
export type Dependencies = Readonly<Record<string, string>>

/** The fields of a package.json that are judged. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly type?: string
  readonly license?: string
  readonly exports?: unknown
  readonly files?: readonly string[]
  readonly engines?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Dependencies
  readonly devDependencies?: Dependencies
  readonly optionalDependencies?: Dependencies
  readonly peerDependencies?: Dependencies
  readonly publishConfig?: { readonly access?: string; readonly provenance?: boolean }
}

const DEPENDENCY_FIELDS = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
] as const

/** Protocols that mean something inside this workspace only. */
const LOCAL_PROTOCOL = /^(?:workspace|catalog|file|link|portal):/

/** Scripts that run on the machine of whoever installs the package. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare']

/** Judges the package.json inside a tarball; returns a sentence for each fault. */
export function checkManifest(
  manifest: Manifest,
  license: string | undefined,
  files: ReadonlySet<string>,
): readonly string[] {
  const problems: string[] = []
  const want = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(`package.json: ${problem}`)
  }
  want(manifest.type === 'module', '"type" is not "module"')
  want(manifest.license !== undefined, 'no "license"')
  want(manifest.license === license, `"license" is not the workspace's (${String(license)})`)
  want(manifest.engines?.['node'] !== undefined, 'no "engines.node"')
  want(manifest.publishConfig?.access === 'public', '"publishConfig.access" is not "public"')
  want(manifest.publishConfig?.provenance === true, '"publishConfig.provenance" is not true')
  want(manifest.exports !== undefined, 'no "exports"')
  for (const target of exportTargets(manifest.exports)) {
    want(target.startsWith('./'), `exports ${target}, which is not a path of the package`)
    want(files.has(target.slice(2)), `exports ${target}, which is not packed`)
  }
  for (const field of DEPENDENCY_FIELDS) {
    for (const [name, range] of Object.entries(manifest[field] ?? {})) {
      want(!LOCAL_PROTOCOL.test(range), `${field} has ${name} as "${range}"`)
    }
  }
  for (const script of INSTALL_SCRIPTS) {
    want(
      manifest.scripts?.[script] === undefined,
      `runs a "${script}" script where it is installed`,
    )
  }
  return problems
}

/** Every file that an exports map names, under whatever condition. */
export function exportTargets(exports: unknown): readonly string[] {
  if (typeof exports === 'string') return [exports]
  if (typeof exports !== 'object' || exports === null) return []
  return Object.values(exports).flatMap(exportTargets)
}
