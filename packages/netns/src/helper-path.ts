import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { NetnsError } from './error.ts'

/**
 * Where the helper's file is: beside this library's own (source or build), else where the package
 * is installed, which holds for an app that has this library bundled in and installed too.
 * Throws `helper-start-failed`.
 */
export function defaultHelperPath(
  here: string = import.meta.url,
  resolve: (specifier: string) => string = (specifier) => import.meta.resolve(specifier),
): string {
  const beside = fileURLToPath(new URL(here.endsWith('.ts') ? './helper.ts' : './helper.js', here))
  if (existsSync(beside)) return beside
  try {
    const installed = fileURLToPath(resolve('@proxy/netns/helper'))
    if (existsSync(installed)) return installed
  } catch (error) {
    throw missing(beside, error)
  }
  throw missing(beside, undefined)
}

function missing(beside: string, cause: unknown): NetnsError {
  const message = `start the namespace helper: there is no ${beside}; a bundled app ships @proxy/netns/helper as a file of its own and gives its helperPath`
  return new NetnsError('helper-start-failed', message, { cause })
}
