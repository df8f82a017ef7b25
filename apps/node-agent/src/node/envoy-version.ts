import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const LEAST: readonly [major: number, minor: number] = [1, 40]

/**
 * The version of an Envoy binary, such as `1.40.0`.
 * @throws Error when it cannot be run or is too old.
 */
export async function envoyVersion(path: string): Promise<string> {
  let stdout: string
  try {
    ;({ stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000, env: {} }))
  } catch (error) {
    throw new Error(`run ${path} --version: ${(error as Error).message}`, { cause: error })
  }
  // `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`
  const [, version] = /version: [0-9a-f]+\/(\d+\.\d+\.\d+)/.exec(stdout) ?? []
  if (version === undefined)
    throw new Error(
      `${path} does not say an Envoy's version: ${stdout.trim().split('\n', 1).join()}`,
    )
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
    throw new Error(`${path} is Envoy ${version}; ${LEAST.join('.')} or newer is needed`)
  }
  return version
}
