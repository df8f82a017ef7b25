import { cpSync, existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A package that cannot be bundled because it has native code, and what it loads at run time. */
interface NativePackage {
  readonly name: string
  /** Files and folders of it that are loaded; everything else is source and documentation. */
  readonly parts: readonly string[]
  readonly dependencies?: readonly NativePackage[]
}

const prebuild = `linux-${process.arch}`

const NATIVE: readonly NativePackage[] = [
  {
    name: 'koffi',
    parts: ['index.js', 'index.cjs', 'lib', join('src', 'koffi'), 'LICENSE.txt'],
    dependencies: [{ name: `@koromix/koffi-${prebuild}`, parts: ['.'] }],
  },
  {
    name: 'netlink',
    parts: ['dist', join('prebuilds', prebuild), 'LICENSE'],
    dependencies: [{ name: 'node-gyp-build', parts: ['.'] }],
  },
]

/** Puts the native packages beside the bundle, so that the folder `dist` is all there is to install. */
export function copyNativePackages(projectDir: string): void {
  for (const entry of NATIVE) copy(entry, join(projectDir, 'package.json'), projectDir)
}

function copy(native: NativePackage, requiredFrom: string, projectDir: string): void {
  const source = packageDir(native.name, requiredFrom)
  const target = join(projectDir, 'dist', 'node_modules', native.name)
  for (const part of ['package.json', ...native.parts]) {
    cpSync(join(source, part), join(target, part), { recursive: true, dereference: true })
  }
  for (const dependency of native.dependencies ?? []) {
    copy(dependency, join(source, 'package.json'), projectDir)
  }
}

/** Looks where Node would: packages may not export their package.json, so they cannot be asked. */
function packageDir(name: string, requiredFrom: string): string {
  const folders = createRequire(requiredFrom).resolve.paths(name) ?? []
  const found = folders.map((folder) => join(folder, name)).find((dir) => existsSync(dir))
  if (found === undefined) throw new Error(`${name} is not installed for ${dirname(requiredFrom)}`)
  // What it depends on is beside the package itself, not beside the link to it.
  return realpathSync(found)
}
