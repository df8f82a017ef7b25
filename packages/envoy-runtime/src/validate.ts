import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile, chown, chmod } from 'node:fs/promises'
import { getuid } from 'node:process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EnvoyBootstrap } from '@proxy/envoy-config'
import { EnvoyRuntimeError, systemCode } from './error.ts'

/** What {@link validateBootstrap} needs. */
export interface ValidateBootstrap {
  /** The binary itself, not the Python launcher. */
  readonly envoyPath: string
  readonly bootstrap: EnvoyBootstrap
  /** As which user, when this process is root. Default 1337. */
  readonly uid?: number
  /** Default: the uid. */
  readonly gid?: number
  /** Default 10,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/**
 * Asks Envoy whether it would take a bootstrap (`--mode validate`), some 100 ms. Files that the
 * bootstrap names must exist. It finds most mistakes, not all: not a duplicate listener name, not a
 * `tcp_proxy` to an unknown cluster. Throws `config-invalid` with what Envoy said.
 */
export async function validateBootstrap(options: ValidateBootstrap): Promise<void> {
  const { uid = 1337, gid = uid, timeoutMs = 10_000, signal } = options
  const directory = await mkdtemp(join(tmpdir(), 'proxy-validate-'))
  try {
    const file = join(directory, 'bootstrap.json')
    await writeFile(file, JSON.stringify(options.bootstrap), { mode: 0o400, flag: 'wx' })
    const isRoot = getuid?.() === 0
    if (isRoot) {
      await chown(file, uid, gid)
      await chmod(directory, 0o711)
    }
    await new Promise<void>((resolve, reject) => {
      execFile(
        options.envoyPath,
        ['--mode', 'validate', '-c', file, '--log-level', 'warning', '--disable-hot-restart'],
        {
          env: {},
          timeout: timeoutMs,
          maxBuffer: 4 * 1024 * 1024,
          ...(isRoot ? { uid, gid } : {}),
          ...(signal === undefined ? {} : { signal }),
        },
        (error, _stdout, stderr) => {
          if (error === null) resolve()
          else if (signal?.aborted === true) reject(signal.reason as Error)
          else reject(refused(options.envoyPath, error, stderr))
        },
      )
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function refused(envoyPath: string, error: Error, stderr: string): EnvoyRuntimeError {
  const code = systemCode(error)
  if (code === 'ENOENT' || code === 'EACCES') {
    return new EnvoyRuntimeError('binary-missing', `run ${envoyPath}`, { cause: error })
  }
  const logLines = stderr.split('\n').filter((line) => line.trim() !== '')
  return new EnvoyRuntimeError(
    'config-invalid',
    `envoy refuses the bootstrap: ${logLines.at(-1) ?? error.message}`,
    { cause: error, logLines: logLines.slice(-10) },
  )
}
