import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { type Execute, must } from './execute.ts'

const VERSION = 'v1.3.0'

/** Returns the path of libcni's `cnitool`, built once into `cacheDir` from the Go module. */
export function ensureCnitool(
  run: Execute,
  say: (text: string) => void,
  { cacheDir }: { readonly cacheDir: string },
): string {
  const binary = join(cacheDir, `cnitool-${VERSION}`)
  if (existsSync(binary)) return binary
  say(`building cnitool ${VERSION} (Go module github.com/containernetworking/cni)`)
  const work = join(cacheDir, 'cnitool.build')
  rmSync(work, { recursive: true, force: true })
  must(
    run,
    'building cnitool (needs Go 1.21 or newer and the Go module proxy)',
    ['go', 'install', `github.com/containernetworking/cni/cnitool@${VERSION}`],
    { GOBIN: work, CGO_ENABLED: '0' },
  )
  renameSync(join(work, 'cnitool'), binary)
  rmSync(work, { recursive: true, force: true })
  return binary
}
